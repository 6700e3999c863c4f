/**
 * Tables of several runs as one: a column for the run, then the columns of all of them by their names. Rows are chosen by
 * conditions, and compared by class: how many there are and what the numbers are in the mean, for each run.
 *
 * A cell that is missing fits no condition but ≠, as in the filter of runs.
 */
import type { Json } from "../api/http";
import type { Table } from "./logTable";
import { rowsSorted, textOf } from "./logTable";

export interface Part {
  run: string;
  table: Table;
}

/** Rows that a panel has in all. */
export const ROWS_MAX = 10_000;

export interface Joined {
  table: Table;
  /** Rows beyond those that a panel has. */
  left: number;
}

export const RUN = "run";

/** The name that a column of ours has beside others: with a sign more for each that is taken. */
function nameBeside(name: string, taken: string[]): string {
  return taken.includes(name) ? nameBeside(`${name}′`, taken) : name;
}

export function joined(parts: Part[], max = ROWS_MAX): Joined {
  const columns = [...new Set(parts.flatMap(({ table }) => table.columns))];
  const places = new Map(columns.map((name, place) => [name, place]));
  const cut = withinRows(
    parts.map(({ table }) => table),
    max,
  );
  const rows = parts.flatMap(({ run, table }, part) => {
    const of = table.columns.map((name) => places.get(name) ?? 0);
    return (cut.rows[part] ?? []).map((cells) => {
      const row: Json[] = [run, ...columns.map(() => null)];
      of.forEach((place, at) => (row[place + 1] = cells[at] ?? null));
      return row;
    });
  });
  return { table: { columns: [nameBeside(RUN, columns), ...columns], rows }, left: cut.left };
}

/** Of each table the rows that are among the first `max` of all together, and how many are beyond. */
export function withinRows(tables: Table[], max: number): { rows: Json[][][]; left: number } {
  let room = max;
  let left = 0;
  const rows = tables.map(({ rows }) => {
    const kept = rows.slice(0, room);
    room -= kept.length;
    left += rows.length - kept.length;
    return kept;
  });
  return { rows, left };
}

/** How many of the first tables are within so many bytes together. */
export function withinBytes(tables: { bytes: number }[], max: number): number {
  let sum = 0;
  const beyond = tables.findIndex(({ bytes }) => (sum += bytes) > max);
  return beyond < 0 ? tables.length : beyond;
}

export const OPERATORS = ["=", "≠", "<", "≤", ">", "≥", "contains"] as const;
export type Operator = (typeof OPERATORS)[number];
export type Condition = [column: string, operator: Operator, value: string];

/** Rows that fit all conditions whose value was said; one on a column that is not there is as if the cell were missing. */
export function fitting({ columns, rows }: Table, conditions: Condition[]): Table {
  const said = conditions.filter(([, , value]) => value.trim() !== "");
  const tests = said.map(([column, operator, value]) => {
    const at = columns.indexOf(column);
    return (row: Json[]) => fits(row[at] ?? null, operator, value);
  });
  return { columns, rows: rows.filter((row) => tests.every((test) => test(row))) };
}

function fits(cell: Json, operator: Operator, wanted: string): boolean {
  if (cell === null) return operator === "≠";
  if (operator === "contains") return textOf(cell).toLowerCase().includes(wanted.toLowerCase());
  const number = Number(wanted);
  if (typeof cell === "number" && !Number.isNaN(number)) return ordered(cell - number, operator);
  // A number and a text are never alike, and neither is less.
  if (typeof cell === "number") return operator === "≠";
  const text = textOf(cell);
  return ordered(text < wanted ? -1 : text > wanted ? 1 : 0, operator);
}

function ordered(sign: number, operator: Operator): boolean {
  switch (operator) {
    case "=":
      return sign === 0;
    case "≠":
      return sign !== 0;
    case "<":
      return sign < 0;
    case "≤":
      return sign <= 0;
    case ">":
      return sign > 0;
    default:
      return sign >= 0;
  }
}

/** Columns whose cells are numbers, as far as they are there. */
export function numericColumns({ columns, rows }: Table): number[] {
  return columns.flatMap((_, at) => {
    const known = rows.map((row) => row[at] ?? null).filter((cell) => cell !== null);
    return known.length > 0 && known.every((cell) => typeof cell === "number") ? [at] : [];
  });
}

/** For each class and run how many rows there are and the mean of each column of numbers; runs of a class stand together. */
export function byClass(table: Table, column: string): Table {
  const at = table.columns.indexOf(column);
  if (at <= 0) return table;
  const numeric = numericColumns(table).filter((place) => place !== at && place !== 0);
  const groups = new Map<string, Json[][]>();
  for (const row of table.rows) {
    const group = JSON.stringify([row[at] ?? null, row[0] ?? null]);
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [row]);
    else known.push(row);
  }
  const rows = [...groups.values()].map((members): Json[] => [
    members[0]?.[at] ?? null,
    members[0]?.[0] ?? null,
    members.length,
    ...numeric.map((place) => mean(members.map((row) => row[place]))),
  ]);
  const names = numeric.map((place) => `mean of ${table.columns[place] ?? ""}`);
  return { columns: [column, table.columns[0] ?? RUN, "rows", ...names], rows: rowsSorted(rows, 0, false) };
}

function mean(cells: (Json | undefined)[]): number | null {
  const numbers = cells.filter((cell) => typeof cell === "number");
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}
