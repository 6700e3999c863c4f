/**
 * The filter language of `docs/filter.md`, as far as the builder can show it: conditions in groups of "all of" and
 * "any of". The text is what counts; the builder reads it and writes it. What it cannot show (`not`, odd values)
 * stays text.
 */
import { idOf, spelled } from "./columns";

export const OPERATORS = [
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "in",
  "not in",
  "contains",
  "not contains",
  "matches",
  "not matches",
  "is null",
  "is not null",
  "within",
] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Condition {
  is: "condition";
  column: string;
  operator: Operator;
  values: Value[];
}

/** A value as it is typed; quoted ones are texts whatever they look like. */
export interface Value {
  text: string;
  isQuoted: boolean;
}

export interface Group {
  is: "all" | "any";
  of: Filter[];
}

export type Filter = Condition | Group;

export const EMPTY: Group = { is: "all", of: [] };

const WORDS = new Set(["and", "or", "not", "in", "contains", "matches", "is", "null", "within", "true", "false"]);

export interface Token {
  kind: "word" | "quoted" | "sign";
  text: string;
  start: number;
  end: number;
}

/** Takes a text apart; null at a quote that is not closed or a sign that means nothing. */
export function tokens(text: string): Token[] | null {
  const found: Token[] = [];
  const pattern = /\s+|(==|!=|<=|>=|[=<>()[\],])|'((?:[^']|'')*)'|"((?:[^"]|"")*)"|([^\s'"()[\],=<>!]+)/gy;
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) return null;
    const [, sign, single, double, word] = match;
    const token = (kind: Token["kind"], value: string) =>
      found.push({ kind, text: value, start, end: pattern.lastIndex });
    if (sign !== undefined) token("sign", sign);
    else if (single !== undefined) token("quoted", single.replaceAll("''", "'"));
    else if (double !== undefined) token("quoted", double.replaceAll('""', '"'));
    else if (word !== undefined) token("word", word);
  }
  return found;
}

/** The filter that a text says, or null where the builder cannot show it. */
export function parse(text: string): Group | null {
  const read = tokens(text);
  if (read === null) return null;
  if (read.length === 0) return EMPTY;
  const reader = new Reader(read);
  const filter = reader.any();
  if (filter === null || !reader.isAtEnd()) return null;
  return filter.is === "condition" ? { is: "all", of: [filter] } : filter;
}

class Reader {
  private next = 0;

  constructor(private readonly tokens: Token[]) {}

  isAtEnd(): boolean {
    return this.next === this.tokens.length;
  }

  any(): Filter | null {
    return this.list("or", "any", () => this.all());
  }

  private all(): Filter | null {
    return this.list("and", "all", () => this.one());
  }

  private list(between: string, is: Group["is"], part: () => Filter | null): Filter | null {
    const of: Filter[] = [];
    do {
      const filter = part();
      if (filter === null) return null;
      of.push(filter);
    } while (this.takes(between));
    return of.length === 1 ? (of[0] ?? null) : { is, of };
  }

  private one(): Filter | null {
    if (!this.takes("(")) return this.condition();
    const inner = this.any();
    return this.takes(")") ? inner : null;
  }

  private condition(): Condition | null {
    const column = this.column();
    const operator = column === null ? null : this.operator();
    if (column === null || operator === null) return null;
    const values = this.values(operator);
    return values === null ? null : { is: "condition", column, operator, values };
  }

  private column(): string | null {
    const first = this.take("word");
    if (first === null || WORDS.has(first.text.toLowerCase())) return null;
    if (first.text.endsWith(".")) {
      const key = this.take("quoted");
      return key === null ? null : first.text + key.text;
    }
    if ((first.text === "config" || first.text === "summary") && this.takes("[")) {
      const key = this.take("quoted");
      return key !== null && this.takes("]") ? `${first.text}.${key.text}` : null;
    }
    return idOf(first.text);
  }

  private operator(): Operator | null {
    const sign = this.take("sign")?.text;
    if (sign !== undefined) return sign === "==" ? "=" : (OPERATORS.find((known) => known === sign) ?? null);
    const isNot = this.takes("not");
    if (this.takes("is")) return isNot ? null : this.takes("not") ? this.null("is not null") : this.null("is null");
    const word = this.take("word")?.text.toLowerCase() ?? "";
    return OPERATORS.find((known) => known === (isNot ? `not ${word}` : word)) ?? null;
  }

  private null(operator: Operator): Operator | null {
    return this.takes("null") ? operator : null;
  }

  private values(operator: Operator): Value[] | null {
    if (operator === "is null" || operator === "is not null") return [];
    if (operator === "in" || operator === "not in") return this.bracketed();
    const value = this.value();
    if (value === null) return null;
    if (operator !== "within") return [value];
    const unit = this.take("word");
    return unit === null ? null : [{ text: `${value.text} ${unit.text}`, isQuoted: false }];
  }

  private bracketed(): Value[] | null {
    const close = this.takes("[") ? "]" : this.takes("(") ? ")" : null;
    if (close === null) return null;
    const values: Value[] = [];
    do {
      const value = this.value();
      if (value === null) return null;
      values.push(value);
    } while (this.takes(","));
    return this.takes(close) ? values : null;
  }

  private value(): Value | null {
    const token = this.take("word", "quoted");
    if (token === null || (token.kind === "word" && token.text.toLowerCase() === "null")) return null;
    return { text: token.text, isQuoted: token.kind === "quoted" };
  }

  private take(...kinds: Token["kind"][]): Token | null {
    const token = this.tokens[this.next];
    if (token === undefined || !kinds.includes(token.kind)) return null;
    this.next += 1;
    return token;
  }

  private takes(text: string): boolean {
    const token = this.tokens[this.next];
    const isIt = token !== undefined && token.kind !== "quoted" && token.text.toLowerCase() === text;
    if (isIt) this.next += 1;
    return isIt;
  }
}

/** The text that says a filter. Conditions that are not whole yet are left out. */
export function write(filter: Filter): string {
  if (filter.is === "condition") return isWhole(filter) ? writeCondition(filter) : "";
  const parts = filter.of.flatMap((part) => {
    const text = write(part);
    const needsBrackets =
      part.is !== "condition" && part.is !== filter.is && part.of.filter((inner) => write(inner) !== "").length > 1;
    return text === "" ? [] : [needsBrackets ? `(${text})` : text];
  });
  return parts.join(filter.is === "all" ? " and " : " or ");
}

export function isWhole({ column, operator, values }: Condition): boolean {
  if (column === "") return false;
  return (
    operator === "is null" ||
    operator === "is not null" ||
    values.some(({ text, isQuoted }) => isQuoted || text.trim() !== "")
  );
}

function writeCondition({ column, operator, values }: Condition): string {
  const key = spelled(column);
  if (operator === "is null" || operator === "is not null") return `${key} ${operator}`;
  if (operator === "in" || operator === "not in") return `${key} ${operator} [${values.map(writeValue).join(", ")}]`;
  if (operator === "within") return `${key} within ${values[0]?.text ?? ""}`;
  return `${key} ${operator} ${writeValue(values[0] ?? { text: "", isQuoted: true })}`;
}

/** A value that reads as one word stands bare; what would read as something else is quoted. */
export function writeValue({ text, isQuoted }: Value): string {
  const isPlain = /^[^\s'"()[\],=<>!]+$/.test(text) && !["and", "or", "not", "null"].includes(text.toLowerCase());
  const readsOtherwise = /^[-+]?[\d.]|^[-+]?(NaN|Infinity)$|^(true|false)$/i.test(text);
  return isPlain && !(isQuoted && readsOtherwise) ? text : `'${text.replaceAll("'", "''")}'`;
}

/** One more condition on what is there. */
export function narrowed(text: string, condition: Condition): string {
  const more = write(condition);
  if (text.trim() === "") return more;
  const known = parse(text);
  if (known === null || known.is === "any") return `(${text.trim()}) and ${more}`;
  return `${text.trim()} and ${more}`;
}

/** The condition that a column has a value, whatever the value is. */
export function equals(column: string, value: unknown): Condition {
  if (value === null || value === undefined) return { is: "condition", column, operator: "is null", values: [] };
  const isText = typeof value === "string";
  const text = isText ? value : JSON.stringify(value);
  return { is: "condition", column, operator: "=", values: [{ text, isQuoted: isText }] };
}
