/** Reading answers: what should be there is, or the answer is no answer. */
import type { Json } from "./http";
import { member } from "./http";

export type Row = Record<string, Json>;

export function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

export function textOrNull(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null;
}

export function number(value: Json | undefined): number {
  return typeof value === "number" ? value : 0;
}

export function numberOrNull(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}

export function rows(value: Json | undefined): Row[] {
  if (!Array.isArray(value)) throw new Error("the server's answer has no rows");
  return value.filter((row): row is Row => row !== null && typeof row === "object" && !Array.isArray(row));
}

export function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

export { member };
