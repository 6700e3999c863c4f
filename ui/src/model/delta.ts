/** How far a number is from a baseline. */
import { formatNumber } from "./format";

/** The difference with its sign; null where one of them is no number, or there is none. */
export function deltaOf(value: unknown, baseline: unknown): number | null {
  if (typeof value !== "number" || typeof baseline !== "number") return null;
  if (!Number.isFinite(value) || !Number.isFinite(baseline)) return null;
  return value - baseline;
}

export function formatDelta(delta: number, shown: (value: number) => string = formatNumber): string {
  if (delta === 0) return "±0";
  // Digits that come from the arithmetic alone are not told.
  const kept = Number(delta.toPrecision(4));
  return kept > 0 ? `+${shown(kept)}` : shown(kept);
}
