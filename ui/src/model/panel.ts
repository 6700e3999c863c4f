/**
 * What a panel of a workspace shows, as a value that an address or a server can keep.
 *
 * What holds: all members but the kind may be missing; what is missing is as the workspace says, or the default. What
 * is read from outside is taken member by member, and what is odd is left out.
 */
import type { Condition } from "./joinedTable";
import { OPERATORS } from "./joinedTable";
import type { Looks, Shape } from "./lineLooks";
import { readLooks, SHAPES } from "./lineLooks";
import { textFits } from "./sections";

export const KINDS = [
  "line",
  "bar",
  "scatter",
  "histogram",
  "scalar",
  "parallel",
  "importance",
  "compare",
  "custom",
  "media",
  "table",
  "markdown",
] as const;
export type Kind = (typeof KINDS)[number];

export const KIND_NAMES: Record<Kind, string> = {
  line: "Lines",
  bar: "Bars",
  scatter: "Scatter plot",
  histogram: "Histogram",
  scalar: "Number",
  parallel: "Parallel coordinates",
  importance: "Parameter importance",
  compare: "Comparison of runs",
  custom: "Custom chart",
  media: "Media",
  table: "Table",
  markdown: "Text",
};

export const SMOOTHINGS = ["none", "twema", "ema", "gaussian", "running"] as const;
export type SmoothingKind = (typeof SMOOTHINGS)[number];
export const AGGREGATES = ["mean", "min", "max", "median", "sum"] as const;
export type Aggregate = (typeof AGGREGATES)[number];
export const BANDS = ["min_max", "deviation", "error", "none"] as const;
export type Band = (typeof BANDS)[number];

export interface Panel {
  kind: Kind;
  title?: string | undefined;
  /** Of lines the metrics; of a custom chart, of media and of a table the key; of all others columns of runs (`config.lr`, `summary.loss`). */
  keys?: string[] | undefined;
  /** Metrics whose names fit this regular expression are drawn too. */
  match?: string | undefined;
  /** Of lines: what is worked out of several metrics, a line each. */
  expressions?: string[] | undefined;
  x?: string | undefined;
  /** Of lines: what stands along the axis instead of `x`. */
  xExpression?: string | undefined;
  y?: string | undefined;
  /** The column whose values colour the runs. */
  color?: string | undefined;
  smooth?: SmoothingKind | undefined;
  amount?: number | undefined;
  logX?: boolean | undefined;
  logY?: boolean | undefined;
  xMin?: number | undefined;
  xMax?: number | undefined;
  yMin?: number | undefined;
  yMax?: number | undefined;
  /** Of lines: drawn as such, or as areas on top of each other. */
  shape?: Shape | undefined;
  looks?: Looks | undefined;
  /** Of lines: y goes from the 5th to the 95th percentile. */
  clip?: boolean | undefined;
  group?: string | undefined;
  aggregate?: Aggregate | undefined;
  band?: Band | undefined;
  legend?: boolean | undefined;
  /** Of lines: what each is called, as `lineNames.ts` reads it. */
  names?: string | undefined;
  bins?: number | undefined;
  /** Of a table: the column that it is sorted by, with `-` in front from the greatest. */
  sort?: string | undefined;
  /** Of a table: what its rows must fit. */
  where?: Condition[] | undefined;
  /** Of a custom chart: the specification in Vega or Vega-Lite that somebody wrote for it, as JSON. */
  spec?: string | undefined;
  /** Markdown. */
  text?: string | undefined;
  /** Columns of the page that it covers. */
  w?: number | undefined;
  /** Height of what is drawn, in pixels. */
  h?: number | undefined;
}

/** Besides metrics, what has a panel by itself; its id has the kind before the key. */
const LOGGED = ["custom", "media", "table"] as const;

export const panelId = (kind: (typeof LOGGED)[number], key: string) => `${kind}:${key}`;

/** What a panel shows that is there by itself: its metric, or what else was logged. */
export function automaticPanel(id: string): Panel & { keys: string[] } {
  const kind = LOGGED.find((kind) => id.startsWith(panelId(kind, "")));
  return kind === undefined ? { kind: "line", keys: [id] } : { kind, keys: [id.slice(panelId(kind, "").length)] };
}

export const WIDTH_MAX = 3;
export const HEIGHT_MIN = 120;
export const HEIGHT_MAX = 800;
export const HEIGHT = 196;
const TEXT_MAX = 20_000;

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value.slice(0, TEXT_MAX) : undefined);
const number = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : undefined);
const flag = (value: unknown) => (typeof value === "boolean" ? value : undefined);
const within = (value: unknown, min: number, max: number) => {
  const read = number(value);
  return read === undefined ? undefined : Math.round(Math.min(max, Math.max(min, read)));
};
const oneOf = <Name extends string>(names: readonly Name[], value: unknown) => names.find((name) => name === value);
const texts = (value: unknown) => {
  const list = Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  return list.length > 0 ? list.slice(0, 100) : undefined;
};

const conditions = (value: unknown): Condition[] | undefined => {
  const list = (Array.isArray(value) ? (value as unknown[]) : []).flatMap((one): Condition[] => {
    const [column, told, wanted] = Array.isArray(one) ? (one as unknown[]) : [];
    const operator = oneOf(OPERATORS, told);
    const isRead = typeof column === "string" && operator !== undefined && typeof wanted === "string";
    return isRead ? [[column, operator, wanted]] : [];
  });
  return list.length > 0 ? list.slice(0, 20) : undefined;
};

/** The members of a panel that a value from outside has. */
export function readPanel(value: unknown): Partial<Panel> {
  if (value === null || typeof value !== "object") return {};
  const told = value as Record<string, unknown>;
  return known({
    kind: oneOf(KINDS, told.kind),
    title: text(told.title),
    keys: texts(told.keys),
    match: text(told.match),
    expressions: texts(told.expressions),
    x: text(told.x),
    xExpression: text(told.xExpression),
    y: text(told.y),
    color: text(told.color),
    smooth: oneOf(SMOOTHINGS, told.smooth),
    amount: number(told.amount),
    logX: flag(told.logX),
    logY: flag(told.logY),
    xMin: number(told.xMin),
    xMax: number(told.xMax),
    yMin: number(told.yMin),
    yMax: number(told.yMax),
    shape: oneOf(SHAPES, told.shape),
    looks: readLooks(told.looks),
    clip: flag(told.clip),
    group: text(told.group),
    aggregate: oneOf(AGGREGATES, told.aggregate),
    band: oneOf(BANDS, told.band),
    legend: flag(told.legend),
    names: text(told.names),
    bins: within(told.bins, 2, 200),
    sort: text(told.sort),
    where: conditions(told.where),
    spec: text(told.spec),
    text: text(told.text),
    w: within(told.w, 1, WIDTH_MAX),
    h: within(told.h, HEIGHT_MIN, HEIGHT_MAX),
  });
}

/** Without the members that say nothing. */
export function known<Value extends object>(value: Value): { [Name in keyof Value]?: Exclude<Value[Name], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [Name in keyof Value]?: Exclude<Value[Name], undefined>;
  };
}

/** The metrics that a panel of lines draws: those that it names, then those that its expression finds. */
export function metricsOf({ keys = [], match }: Panel, all: string[]): string[] {
  const found = match === undefined ? [] : all.filter(textFits(match));
  return [...new Set([...keys, ...found])].slice(0, 100);
}

/** The expressions that a panel of lines draws, beside its metrics. */
export function expressionsOf({ expressions = [] }: Panel, metrics: string[]): string[] {
  const written = expressions.map((expression) => expression.trim()).filter((expression) => expression !== "");
  return [...new Set(written)].filter((expression) => !metrics.includes(expression)).slice(0, 100 - metrics.length);
}

/** What stands at its head. */
export function titleOf(panel: Panel): string {
  const { kind, title, keys = [], match, x, y, text: written } = panel;
  if (title !== undefined) return title;
  const names = keys.map((key) => key.replace(/^(config|summary)\./, "")).join(", ");
  switch (kind) {
    case "line":
      return (
        [names, match === undefined ? "" : `/${match}/`, ...expressionsOf(panel, keys)]
          .filter((part) => part !== "")
          .join(", ") || "Lines"
      );
    case "scatter":
      return x === undefined || y === undefined ? KIND_NAMES.scatter : `${y} over ${x}`;
    case "importance":
      return y === undefined ? KIND_NAMES.importance : `Importance for ${y}`;
    case "markdown":
      return /^#{1,6} +(.+)$/m.exec(written ?? "")?.[1] ?? KIND_NAMES.markdown;
    case "compare":
    case "parallel":
      return KIND_NAMES[kind];
    default:
      return names === "" ? KIND_NAMES[kind] : names;
  }
}
