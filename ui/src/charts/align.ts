/**
 * Lines of different x made into columns of one x, as the drawing wants them.
 *
 * What holds: as long as there are few different x each stands as it is; beyond that x are taken together that no
 * screen could tell apart, and of several points of a line there the last is shown.
 */

export interface Aligned {
  x: number[];
  /** For each line where its points stand in `x`; of points taken together the last counts. */
  at: number[][];
}

/** More different x than twice the points of the widest screen. */
export const X_MAX = 8_000;

export function align(lines: { x: number[] }[], xMax: number = X_MAX): Aligned {
  const all = new Set<number>();
  for (const line of lines) for (const x of line.x) all.add(x);
  const sorted = Float64Array.from(all).sort();
  if (sorted.length <= xMax) {
    const index = new Map<number, number>();
    sorted.forEach((x, at) => index.set(x, at));
    return { x: [...sorted], at: lines.map((line) => line.x.map((x) => index.get(x) ?? 0)) };
  }
  const [low, high] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  const cells = Math.floor(xMax / 2);
  const width = (high - low) / (cells - 1);
  return {
    x: Array.from({ length: cells }, (_, cell) => low + cell * width),
    at: lines.map((line) => line.x.map((x) => Math.round((x - low) / width))),
  };
}

/** A line's values where they stand; undefined where it has none there, null where there is a gap in it. */
export function spread(values: (number | null)[], at: number[], length: number): (number | null | undefined)[] {
  const column = new Array<number | null | undefined>(length).fill(undefined);
  values.forEach((value, index) => {
    const place = at[index];
    if (place !== undefined) column[place] = value;
  });
  return column;
}

/** What a logarithm can show. */
export function positive(values: (number | null)[]): (number | null)[] {
  return values.map((value) => (value !== null && value > 0 ? value : null));
}

/** From where to where y goes: from nothing on, where that does not squeeze the lines, with some air. */
export function yRange(low: number, high: number): [number, number] {
  if (low === high) return low === 0 ? [-1, 1] : [Math.min(low * 0.9, low * 1.1), Math.max(high * 0.9, high * 1.1)];
  const air = (high - low) * 0.06;
  if (low >= 0 && low < (high - low) * 1.2) return [0, high + air];
  return [low - air, high + air];
}

/**
 * The place of the nearest value to `at` of a line that goes on there: it has a value there, or some on both sides, at
 * most so far away. Where a line has not begun or is over it has none.
 */
export function nearest(values: ArrayLike<number | null | undefined>, at: number, away: number): number | null {
  if (typeof values[at] === "number") return at;
  const search = (by: 1 | -1) => {
    for (let step = 1; step <= away; step++) if (typeof values[at + by * step] === "number") return step;
    return null;
  };
  const [before, after] = [search(-1), search(1)];
  if (before === null || after === null) return null;
  return before <= after ? at - before : at + after;
}
