/**
 * A Vega or Vega-Lite specification that people wrote for a custom chart, read and completed.
 *
 * What holds: its text is JSON, and stays data. `${field:x}` stands for a column and `${string:x}` for a text of the chart,
 * the data set `wandb` for the rows of the runs' tables. What would fetch anything from elsewhere is refused, and so are
 * options for who draws it.
 */
import type { Json } from "../api/http";
import { member, text } from "../api/read";
import { withinRows } from "./joinedTable";
import type { Table } from "./logTable";

export type Spec = { [name: string]: Json };

export interface Wanted {
  fields: Record<string, string>;
  strings: Record<string, string>;
}

export type ReadSpec = { spec: Spec; mode: "vega" | "vega-lite" } | { error: string };

/** The data set that stands for the runs' tables. */
const DATA = "wandb";

export function readSpec(written: string, wanted: Wanted): ReadSpec {
  let told: Json;
  try {
    told = JSON.parse(written) as Json;
  } catch (error) {
    return { error: `The specification is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (told === null || typeof told !== "object" || Array.isArray(told))
    return { error: "The specification is no JSON object: it begins with { and has a mark or marks." };
  const far = addressIn(told);
  if (far !== null)
    return {
      error: `The specification wants ${far}. A chart has the rows of the runs' tables (the data set “${DATA}”) and asks nobody else.`,
    };
  // Its options for who draws it would come before ours.
  const spec = Object.fromEntries(Object.entries(filled(told, wanted) as Spec).filter(([name]) => name !== "usermeta"));
  return { spec, mode: modeOf(spec) };
}

/** The first address in it from which data or pictures would come. */
function addressIn(value: Json): string | null {
  if (value === null || typeof value !== "object") return null;
  const url = member(value, "url");
  // The channel and the property of marks that are pictures are called `url` too: a mere text is an address.
  if (typeof url === "string") return url;
  for (const [name, part] of Object.entries(value)) {
    // Rows that stand in the specification may have a member of that name.
    const found = name === "values" || name === "datasets" ? null : addressIn(part);
    if (found !== null) return found;
  }
  return null;
}

const PLACE = /\$\{(field|string):([^}]*)\}/g;

function filled(value: Json, wanted: Wanted): Json {
  if (typeof value === "string")
    return value.replace(PLACE, (_, kind: string, name: string) =>
      kind === "field" ? escaped(wanted.fields[name] ?? name) : (wanted.strings[name] ?? ""),
    );
  if (Array.isArray(value)) return value.map((item) => filled(item, wanted));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, filled(item, wanted)]));
}

/** A column's name as a path of one part, whatever signs it has. */
function escaped(column: string): string {
  return column.replace(/[.[\]\\]/g, (sign) => `\\${sign}`);
}

function modeOf(spec: Spec): "vega" | "vega-lite" {
  const schema = text(spec.$schema);
  if (schema.includes("/vega-lite/")) return "vega-lite";
  if (schema.includes("/vega/")) return "vega";
  return "marks" in spec ? "vega" : "vega-lite";
}

/** Compositions have sizes of their own; all else takes the room that there is. */
const COMPOSED = ["facet", "concat", "hconcat", "vconcat", "repeat"];

/** With the rows, and as large as there is room. */
export function completed(
  { spec, mode }: { spec: Spec; mode: "vega" | "vega-lite" },
  rows: Spec[],
  room: [number, number],
): Spec {
  const [width, height] = room;
  const fit = { width, height, autosize: { type: "fit", contains: "padding" } };
  if (mode === "vega") {
    const sets = Array.isArray(spec.data) ? spec.data : [];
    const isNamed = (set: Json) => member(set, "name") === DATA;
    const data = sets.map((set) => (isNamed(set) ? { ...(set as Spec), values: rows } : set));
    return { ...spec, ...fit, data: sets.some(isNamed) ? data : [{ name: DATA, values: rows }, ...data] };
  }
  const sets =
    spec.datasets !== null && typeof spec.datasets === "object" && !Array.isArray(spec.datasets) ? spec.datasets : {};
  return { data: { name: DATA }, ...spec, ...(isComposed(spec) ? {} : fit), datasets: { ...sets, [DATA]: rows } };
}

/** Whether it is of several drawings, which together may be larger than the room. */
export function isComposed(spec: Spec): boolean {
  const faceted = ["row", "column", "facet"].some((name) => member(spec.encoding, name) !== undefined);
  return faceted || COMPOSED.some((name) => name in spec);
}

/** A run whose table is drawn. */
export interface Drawn {
  id: string;
  name: string;
  color: string;
  table: Table;
}

/**
 * Rows as a specification sees them: a member for each column, and the run's id, name and colour where no column is called
 * so. With how many rows are beyond the bound.
 */
export function rowsFor(runs: Drawn[], max: number): { rows: Spec[]; left: number } {
  const cut = withinRows(
    runs.map(({ table }) => table),
    max,
  );
  const rows = runs.flatMap(({ id, name, color, table: { columns } }, place) =>
    (cut.rows[place] ?? []).map((cells): Spec => ({
      id,
      name,
      color,
      ...Object.fromEntries(columns.map((column, at) => [column, cells[at] ?? null])),
    })),
  );
  return { rows, left: cut.left };
}
