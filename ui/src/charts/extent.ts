/** From where to where y goes: what the lines reach, without their bands, or without their outliers. */
import { yRange } from "./align";

type Values = (number | null)[];

/** From the 5th to the 95th percentile of what is a number; null where nothing is. */
export function withoutOutliers(lines: { y: Values }[], isLog: boolean): [number, number] | null {
  const values = lines
    .flatMap(({ y }) => y)
    .filter((value): value is number => value !== null && (!isLog || value > 0));
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return [percentile(sorted, 0.05), percentile(sorted, 0.95)];
}

/** Of sorted values: on a straight line between the two that it lies between. */
function percentile(sorted: Float64Array, part: number): number {
  const place = part * (sorted.length - 1);
  const below = Math.floor(place);
  const [low = NaN, high = low] = sorted.subarray(below, below + 2);
  return low + (high - low) * (place - below);
}

export interface Ends {
  /** What somebody chose; null where the lines say it. */
  min: number | null;
  max: number | null;
  /** What the lines reach without their outliers, where these may leave the view. */
  kept: [number, number] | null;
}

/** The ends of a linear y whose lines reach from `low` to `high`. */
export function linearEnds({ min, max, kept }: Ends, low: number, high: number): [number, number] {
  const [from, to] = yRange(...(kept ?? ([low, high] as const)));
  return [min ?? from, max ?? to];
}

/** The ends of a logarithmic y; null where the lines say them all. */
export function logEnds({ min, max, kept }: Ends): [number | null, number | null] | null {
  // A range without width is none.
  const [from, to] = kept !== null && kept[0] < kept[1] ? kept : [null, null];
  const ends: [number | null, number | null] = [min ?? from, max ?? to];
  return ends[0] === null && ends[1] === null ? null : ends;
}
