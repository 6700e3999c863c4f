/** What can stand where the caret is in a filter: a column, an operator of its kind, a value, or what joins. */
import type { Column } from "./columns";
import { idOf, searched, spelled } from "./columns";
import type { Operator } from "./filter";
import { tokens, writeValue } from "./filter";

export type Wanted =
  | { what: "column"; typed: string; start: number }
  | { what: "operator"; column: string; typed: string; start: number }
  | { what: "value"; column: string; typed: string; start: number }
  | { what: "joint"; typed: string; start: number };

export interface Suggestion {
  /** What is put in, with a space behind it. */
  text: string;
  label: string;
  note: string;
}

const SIGNS = new Set(["=", "==", "!=", "<", "<=", ">", ">=", "in", "contains", "matches"]);

/** What the caret waits for. */
export function wanted(text: string, caret: number): Wanted {
  const before = text.slice(0, caret);
  const read = tokens(before) ?? tokens(before.replace(/['"][^'"]*$/, "")) ?? [];
  const last = read.at(-1);
  const isTyping = last?.kind === "word" && last.end === caret;
  const typed = isTyping ? last.text : "";
  const start = isTyping ? last.start : caret;
  const words = (isTyping ? read.slice(0, -1) : read).filter(({ text, kind }) => kind === "quoted" || text !== "(");
  const clause = lastClause(words.map((token) => (token.kind === "quoted" ? `"${token.text}"` : token.text)));
  const [key, ...rest] = clause;
  if (key === undefined) return { what: "column", typed, start };
  const column = key.endsWith(".") ? key + (rest.shift() ?? "") : key;
  const id = idOf(column);
  if (rest.length === 0 || (rest.length === 1 && rest[0] === "not"))
    return { what: "operator", column: id, typed, start };
  const operator = rest.at(-1) ?? "";
  if (SIGNS.has(operator) || operator === "[" || operator === ",") return { what: "value", column: id, typed, start };
  return { what: "joint", typed, start };
}

function lastClause(words: string[]): string[] {
  const at = Math.max(words.lastIndexOf("and"), words.lastIndexOf("or"));
  return words.slice(at + 1);
}

const BY_KIND: Record<Column["kind"], Operator[]> = {
  number: ["=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null"],
  span: ["<", "<=", ">", ">=", "=", "!=", "is null", "is not null"],
  time: ["within", "<", "<=", ">", ">=", "is null", "is not null"],
  text: ["=", "!=", "contains", "not contains", "matches", "in", "not in", "is null", "is not null"],
  state: ["=", "!=", "in", "not in"],
  tags: ["=", "!=", "in", "not in", "contains", "is null", "is not null"],
  value: ["=", "!=", "<", "<=", ">", ">=", "contains", "matches", "in", "not in", "is null", "is not null"],
};

const MEANING: Partial<Record<Operator, string>> = {
  "!=": "differs or is missing",
  "not in": "none of, or missing",
  matches: "regular expression",
  within: "7 days, 2 hours …",
  "is null": "is missing",
  "is not null": "is there",
};

export function operatorsOf(kind: Column["kind"]): Operator[] {
  return BY_KIND[kind];
}

/** Suggestions for what is wanted; values of runs are given by who asked the server. */
export function suggestions(want: Wanted, columns: Column[], values: unknown[]): Suggestion[] {
  const typed = want.typed.toLowerCase();
  if (want.what === "column") {
    return searched(columns, want.typed)
      .slice(0, 12)
      .map((column) => ({ text: spelled(column.id), label: column.id, note: column.kind }));
  }
  if (want.what === "operator") {
    const kind = columns.find(({ id }) => id === want.column)?.kind ?? "value";
    return operatorsOf(kind)
      .filter((operator) => operator.startsWith(typed))
      .map((operator) => ({ text: operator, label: operator, note: MEANING[operator] ?? "" }));
  }
  if (want.what === "value") {
    const flat = values.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value]));
    const shown = [...new Set(flat)].filter((value) => value !== null && typeof value !== "object");
    return shown
      .map((value) => ({
        text: writeValue({ text: String(value), isQuoted: typeof value === "string" }),
        label: String(value),
        note: "",
      }))
      .filter(({ label }) => label.toLowerCase().includes(typed))
      .slice(0, 12);
  }
  return ["and", "or"].filter((word) => word.startsWith(typed)).map((word) => ({ text: word, label: word, note: "" }));
}
