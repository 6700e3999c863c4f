/** Statements. Identifiers and values of users go in quoted, by `name` and `literal` alone. */
import type { Json } from "./http";
import { ask, send } from "./http";
import type { Row } from "./read";
import { rows } from "./read";

/** A text as SQL writes it. */
export function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A name as SQL writes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export async function select(sql: string, signal?: AbortSignal, more: { [key: string]: Json } = {}): Promise<Row[]> {
  return rows(await ask("/sql", { body: { sql, ...more }, signal }));
}

/** What a request says more to look at a moment; nothing to look at now. */
export function asOf(at: string | undefined): { [key: string]: Json } {
  return at === undefined ? {} : { as_of: at };
}

/** An answer whose rows are counted in advance of being shown: Arrow, read by `arrow.ts`. */
export async function selectArrow(
  sql: string,
  signal?: AbortSignal,
): Promise<{ bytes: Uint8Array; lsn: string; warnings: string[] }> {
  const response = await send("/sql", { body: { sql }, accept: "application/vnd.apache.arrow.stream", signal });
  return {
    bytes: new Uint8Array(await response.arrayBuffer()),
    lsn: response.headers.get("X-Wbq-Lsn") ?? "",
    warnings: warningsOf(response),
  };
}

export function warningsOf(response: Response): string[] {
  const told: unknown = JSON.parse(response.headers.get("X-Wbq-Warnings") ?? "[]");
  return Array.isArray(told) ? told.filter((warning) => typeof warning === "string") : [];
}

/** The same rows as a file. */
export async function download(sql: string, media: string): Promise<Blob> {
  return (await send("/sql", { body: { sql }, accept: media })).blob();
}
