/** An answer to a statement, as rows of texts and numbers; and the names that statements can use. */
import { queryOptions } from "@tanstack/react-query";
import { DataType, tableFromIPC } from "apache-arrow";
import { select, selectArrow } from "./sql";
import { text } from "./read";

export type Value = string | number | boolean | null;

export interface AnswerColumn {
  name: string;
  isNumber: boolean;
}

export interface Answered {
  columns: AnswerColumn[];
  rows: { length: number; at: (row: number, column: number) => Value };
  lsn: string;
  warnings: string[];
  milliseconds: number;
}

export const answer = (sql: string) =>
  queryOptions({
    queryKey: ["sql", sql],
    queryFn: async ({ signal }): Promise<Answered> => {
      const began = performance.now();
      const { bytes, lsn, warnings } = await selectArrow(sql, signal);
      return { ...read(bytes), lsn, warnings, milliseconds: Math.round(performance.now() - began) };
    },
    staleTime: Infinity,
    retry: false,
  });

export function read(bytes: Uint8Array): Pick<Answered, "columns" | "rows"> {
  const table = tableFromIPC(bytes);
  const fields = table.schema.fields;
  const columns = fields.map(({ name, type }) => ({
    name,
    isNumber: DataType.isInt(type) || DataType.isFloat(type) || DataType.isDecimal(type),
  }));
  const vectors = fields.map((_, column) => table.getChildAt(column));
  const at = (row: number, column: number) =>
    valueOf(vectors[column]?.get(row), fields[column]?.type as DataType | undefined);
  return { columns, rows: { length: table.numRows, at } };
}

function valueOf(value: unknown, type: DataType | undefined): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (type !== undefined && DataType.isTimestamp(type) && (typeof value === "number" || typeof value === "bigint"))
    return new Date(Number(value)).toISOString();
  if (typeof value === "number") return value;
  // Integers that a float cannot hold keep all their digits.
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? part.toString() : part));
}

/** Tables and their columns, as the editor completes them. */
export const schema = queryOptions({
  queryKey: ["schema"],
  queryFn: async ({ signal }) => {
    const [columns, keys] = await Promise.all([
      Promise.all(TABLES.map((table) => select(`DESCRIBE ${table}`, signal))),
      select("SELECT DISTINCT space, key FROM keys ORDER BY space, key LIMIT 2000", signal),
    ]);
    const names: Record<string, string[]> = Object.fromEntries(
      TABLES.map((table, index) => [table, (columns[index] ?? []).map((row) => text(row.column_name))]),
    );
    for (const row of keys) {
      const [space, key] = [text(row.space), text(row.key)];
      const spelled = /^[a-z_][a-z0-9_]*$/i.test(key) ? key : `"${key.replaceAll('"', '""')}"`;
      if (space === "config" || space === "summary") names.runs?.push(`${space}.${spelled}`);
      else names[space]?.push(spelled);
    }
    return names;
  },
  staleTime: 60_000,
});

const TABLES = [
  "runs",
  "history",
  "points",
  "system",
  "system_points",
  "console",
  "files",
  "events",
  "run_changes",
  "projects",
  "keys",
  "quarantine",
];
