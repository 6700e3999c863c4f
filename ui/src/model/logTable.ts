/** Tables that a run logged (`wandb.Table`): where a summary has them, and their rows. */
import type { Json } from "../api/http";
import { member, number, text } from "../api/read";

/** A table as the summary tells it. */
export interface TableRef {
  key: string;
  /** The run's file that has it. */
  path: string;
  rows: number;
  bytes: number;
}

export const TABLE_TYPES = new Set(["table-file", "incremental-table-file"]);

export function tableRef(key: string, value: Json | undefined): TableRef | null {
  const path = text(member(value, "path"));
  if (!TABLE_TYPES.has(text(member(value, "_type"))) || path === "") return null;
  return { key, path, rows: number(member(value, "nrows")), bytes: number(member(value, "size")) };
}

/** All tables of a summary, nested ones with dots. */
export function tablesIn(summary: Json, under = ""): TableRef[] {
  if (summary === null || typeof summary !== "object" || Array.isArray(summary)) return [];
  return Object.entries(summary).flatMap(([name, value]) => {
    const key = under === "" ? name : `${under}.${name}`;
    const found = tableRef(key, value);
    return found === null ? tablesIn(value, key) : [found];
  });
}

export interface Table {
  columns: string[];
  rows: Json[][];
}

/** What no JSON has and the client writes all the same. */
const BARE = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/** The content of a table's file; null where it is none. */
export function readTable(content: string): Table | null {
  let told: Json;
  try {
    told = JSON.parse(content.replace(BARE, (token) => (token.startsWith('"') ? token : "null"))) as Json;
  } catch {
    return null;
  }
  const columns = member(told, "columns");
  const data = member(told, "data");
  if (!Array.isArray(columns) || !Array.isArray(data)) return null;
  return { columns: columns.map(textOf), rows: data.filter((row) => Array.isArray(row)) };
}

/** A cell as it is searched and, where it is no number, shown. */
export function textOf(cell: Json | undefined): string {
  if (cell === null || cell === undefined) return "";
  return typeof cell === "string" ? cell : typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

/** Rows in which a cell has what is typed. */
export function rowsFound(rows: Json[][], typed: string): Json[][] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === "") return rows;
  return rows.filter((row) => row.some((cell) => textOf(cell).toLowerCase().includes(wanted)));
}

/** By a column: numbers by their size before texts by their letters, what is missing last both ways. */
export function rowsSorted(rows: Json[][], column: number, isDown: boolean): Json[][] {
  const way = isDown ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a = null, b = null] = [one[column], other[column]];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (typeof a === "number" && typeof b === "number") return way * (a - b);
    if (typeof a === "number" || typeof b === "number") return way * (typeof a === "number" ? -1 : 1);
    return way * textOf(a).localeCompare(textOf(b));
  });
}
