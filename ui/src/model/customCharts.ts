/** Charts of `wandb.plot.*`: what a run's config says of them, and the points that they draw of a table. */
import type { Json } from "../api/http";
import { member, text } from "../api/read";
import type { Table } from "./logTable";
import { textOf } from "./logTable";

export interface CustomChart {
  key: string;
  /** The name of its Vega specification. */
  spec: string;
  /** The summary's key of its table. */
  table: string;
  /** Which column is what in the specification. */
  fields: Record<string, string>;
  /** Texts that stand in the specification. */
  strings: Record<string, string>;
  title: string;
  labels: { x: string | null; y: string | null };
}

/** The charts of a run, from `_wandb.visualize` of its config. */
export function chartsIn(visualize: Json | undefined): CustomChart[] {
  if (visualize === null || visualize === undefined || typeof visualize !== "object" || Array.isArray(visualize))
    return [];
  const named = Object.entries(visualize).sort(([one], [other]) => one.localeCompare(other));
  return named.flatMap(([key, value]): CustomChart[] => {
    const told = member(value, "panel_config");
    const spec = text(member(told, "panelDefId"));
    if (spec === "") return [];
    const strings = member(told, "stringSettings");
    const label = (name: string) => text(member(strings, name)) || null;
    return [
      {
        key,
        spec,
        table: tableKeyIn(member(told, "userQuery")) ?? `${key}_table`,
        fields: namesIn(member(told, "fieldSettings")),
        strings: namesIn(strings),
        title: label("title") ?? key,
        labels: { x: label("x-axis-title") ?? label("xname"), y: label("y-axis-title") },
      },
    ];
  });
}

/** A table that nobody logged as a chart, as one that a specification draws. */
export function chartOfTable(key: string): CustomChart {
  return { key, spec: "", table: key, fields: {}, strings: {}, title: key, labels: { x: null, y: null } };
}

function namesIn(fields: Json | undefined): Record<string, string> {
  if (fields === null || fields === undefined || typeof fields !== "object" || Array.isArray(fields)) return {};
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => typeof field[1] === "string"),
  );
}

/** The argument `tableKey`, wherever the query of the chart has it. */
function tableKeyIn(query: Json | undefined): string | null {
  if (query === null || query === undefined || typeof query !== "object") return null;
  if (member(query, "name") === "tableKey") return text(member(query, "value")) || null;
  for (const part of Object.values(query)) {
    const found = tableKeyIn(part);
    if (found !== null) return found;
  }
  return null;
}

/** How a chart is drawn, with the names of the columns that it needs. */
export type Drawing =
  | { shape: "line" | "scatter"; x: string; y: string; series: string | null }
  | { shape: "bar"; label: string; value: string }
  | { shape: "histogram"; value: string }
  | { shape: "matrix"; actual: string; predicted: string; count: string };

/** Null of a specification that is not the client's own. */
export function drawingOf({ spec, fields }: CustomChart): Drawing | null {
  const name = /^wandb\/([\w-]+)\/v\d+$/.exec(spec)?.[1];
  const of = (field: string) => fields[field] ?? field;
  switch (name) {
    case "line":
      return { shape: "line", x: of("x"), y: of("y"), series: fields.stroke ?? null };
    case "area-under-curve":
      return { shape: "line", x: of("x"), y: of("y"), series: of("class") };
    case "lineseries":
      return { shape: "line", x: of("step"), y: of("lineVal"), series: of("lineKey") };
    case "scatter":
      return { shape: "scatter", x: of("x"), y: of("y"), series: null };
    case "bar":
      return { shape: "bar", label: of("label"), value: of("value") };
    case "histogram":
      return { shape: "histogram", value: of("value") };
    case "confusion_matrix":
      return { shape: "matrix", actual: of("Actual"), predicted: of("Predicted"), count: of("nPredictions") };
    default:
      return null;
  }
}

/** The columns that a drawing needs and a table has not. */
export function missingIn({ columns }: Table, drawing: Drawing): string[] {
  return cellsOf(drawing).filter((name): name is string => name !== null && !columns.includes(name));
}

export interface Datum {
  /** Of a bar its label, of a matrix what is true. */
  label: string;
  /** Of lines their name, of a matrix what was predicted. */
  series: string;
  x: number;
  y: number;
}

/** What is drawn of a table, a datum for each row whose numbers are numbers. */
export function dataOf(table: Table, drawing: Drawing): Datum[] {
  const cell = (name: string | null) => {
    const at = name === null ? -1 : table.columns.indexOf(name);
    return (row: Json[]) => row[at] ?? null;
  };
  const [label, series, x, y] = cellsOf(drawing).map(cell);
  const numeric = (value: Json | undefined) => (typeof value === "number" && Number.isFinite(value) ? value : null);
  return table.rows.flatMap((row): Datum[] => {
    const datum = { label: textOf(label?.(row)), series: textOf(series?.(row)) };
    const [ofX, ofY] = [numeric(x?.(row)), numeric(y?.(row))];
    if (drawing.shape === "histogram") return ofX === null ? [] : [{ ...datum, x: ofX, y: 0 }];
    if (drawing.shape === "bar" || drawing.shape === "matrix") return ofY === null ? [] : [{ ...datum, x: 0, y: ofY }];
    return ofX === null || ofY === null ? [] : [{ ...datum, x: ofX, y: ofY }];
  });
}

/** The columns of label, series, x and y. */
function cellsOf(drawing: Drawing): (string | null)[] {
  switch (drawing.shape) {
    case "bar":
      return [drawing.label, null, null, drawing.value];
    case "histogram":
      return [null, null, drawing.value, null];
    case "matrix":
      return [drawing.actual, drawing.predicted, null, drawing.count];
    default:
      return [null, drawing.series, drawing.x, drawing.y];
  }
}
