/** Histograms over steps as a heat map: the same bins for all steps, and steps taken together where they are many. */
import type { Histogram } from "./media";

export interface Cell {
  x1: number;
  x2: number;
  y1: number;
  y2: number;
  /** Values in it, as far as their bins tell. */
  count: number;
  /** From 0 to 1, of the fullest cell of its column. */
  share: number;
}

export const ROWS = 40;
export const COLUMNS = 120;

export function cellsOf(histograms: Histogram[], rows = ROWS, columns = COLUMNS): Cell[] {
  const [low, high] = [
    Math.min(...histograms.map(({ edges }) => edges[0] ?? Infinity)),
    Math.max(...histograms.map(({ edges }) => edges.at(-1) ?? -Infinity)),
  ];
  if (!(low < high)) return [];
  const size = (high - low) / rows;
  return merged(histograms, columns).flatMap(({ x1, x2, of }) => {
    const counts = Array<number>(rows).fill(0);
    for (const histogram of of) spread(histogram, counts, low, size);
    const fullest = Math.max(...counts);
    return counts.flatMap((count, row) =>
      count > 0 ? [{ x1, x2, y1: low + row * size, y2: low + (row + 1) * size, count, share: count / fullest }] : [],
    );
  });
}

/** A bin that lies over several rows gives each the part of its count that lies in it. */
function spread({ edges, counts }: Histogram, into: number[], low: number, size: number): void {
  counts.forEach((count, bin) => {
    const [from, to] = [edges[bin] ?? low, edges[bin + 1] ?? low];
    if (count === 0 || !(from <= to)) return;
    const [first, last] = [rowAt(from, low, size, into.length), rowAt(to, low, size, into.length)];
    for (let row = first; row <= last; row++) {
      const inside = Math.min(to, low + (row + 1) * size) - Math.max(from, low + row * size);
      into[row] = (into[row] ?? 0) + (from === to ? count : (count * Math.max(0, inside)) / (to - from));
    }
  });
}

function rowAt(value: number, low: number, size: number, rows: number): number {
  return Math.min(rows - 1, Math.max(0, Math.floor((value - low) / size)));
}

/** Histograms by columns: one for each, or as many together as it takes. */
function merged(histograms: Histogram[], columns: number): { x1: number; x2: number; of: Histogram[] }[] {
  const together = Math.max(1, Math.ceil(histograms.length / columns));
  const groups = Array.from({ length: Math.ceil(histograms.length / together) }, (_, at) =>
    histograms.slice(at * together, (at + 1) * together),
  );
  const starts = groups.map((of) => of[0]?.step ?? 0);
  const usual = starts.length > 1 ? ((starts.at(-1) ?? 0) - (starts[0] ?? 0)) / (starts.length - 1) : 1;
  return groups.map((of, at) => ({ x1: starts[at] ?? 0, x2: starts[at + 1] ?? (starts[at] ?? 0) + usual, of }));
}
