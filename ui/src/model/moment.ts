/** Moments as addresses and requests write them: in UTC, to the second, or a position in the log. */
import { formatMoment } from "./format";

/** What an address can be pinned to. A position is exact: of one second more may be known later. */
export function isPin(value: unknown): value is string {
  return isMoment(value) || (typeof value === "string" && /^lsn:[1-9]\d{0,15}$/.test(value));
}

export const pinOf = (lsn: number) => `lsn:${lsn}`;

/** What is pinned, as people read it. */
export function pinTold(at: string): string {
  return at.startsWith("lsn:") ? `at position ${at.slice(4)} of the log` : `on ${formatMoment(at)}`;
}

export function isMoment(value: unknown): value is string {
  return (
    typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value) && !Number.isNaN(Date.parse(value))
  );
}

export function momentOf(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** What a field for local time says, as a moment; null where it says none. */
export function momentOfField(field: string): string | null {
  const date = new Date(field);
  return field === "" || Number.isNaN(date.getTime()) ? null : momentOf(date);
}

/** A moment as a field for local time shows it. */
export function fieldOf(moment: string): string {
  const date = new Date(moment);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}
