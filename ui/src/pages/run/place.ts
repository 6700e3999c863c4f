/** Where in a log somebody wants to go: a line by its number, or a time. */

export type Place = { line: number } | { time: string };

const MINUTE = 60_000;
const DAY = 86_400_000;

/**
 * Reads `1234`, `14:05`, `14:05:30` or `2026-11-27 14:05`, in local time. A time without a day is the first such after
 * the run began, which may be the minute in which it did.
 */
export function placeOf(typed: string, began: string): Place | null {
  const text = typed.trim();
  if (/^\d{1,9}$/.test(text)) return { line: Math.max(0, Number(text) - 1) };
  const clock = /^(\d{1,2}):([0-5]\d)(?::([0-5]\d))?$/.exec(text);
  if (clock !== null) return clockOf(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0), began);
  const date = new Date(text.replace(" ", "T"));
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(date.getTime())) return null;
  return { time: date.toISOString() };
}

function clockOf(hour: number, minute: number, second: number, began: string): Place | null {
  const start = new Date(began);
  if (Number.isNaN(start.getTime()) || hour > 23) return null;
  const time = new Date(start);
  time.setHours(hour, minute, second, 0);
  const isBefore = time.getTime() < start.getTime() - MINUTE;
  return { time: new Date(time.getTime() + (isBefore ? DAY : 0)).toISOString() };
}
