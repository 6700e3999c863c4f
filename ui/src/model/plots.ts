/** What plots of runs draw, from their values: bars, bins, points and correlations. What is no number is left out. */
import type { Json } from "../api/http";
import { formatNumber } from "./format";
import type { Aggregate } from "./panel";

export interface RunValues {
  id: string;
  name: string;
  /** Counted from the oldest run. */
  place: number;
  values: Record<string, Json>;
}

/** A value as a number: also of what is true or false. */
export function numberIn({ values }: RunValues, column: string): number | null {
  const value = values[column];
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A value as people read it; "none" where there is none. */
export function textIn({ values }: RunValues, column: string): string {
  const value = values[column];
  if (value === null || value === undefined) return "none";
  if (typeof value === "number") return formatNumber(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function aggregated(values: number[], how: Aggregate): number | null {
  if (values.length === 0) return null;
  const sum = values.reduce((total, value) => total + value, 0);
  if (how === "sum") return sum;
  if (how === "mean") return sum / values.length;
  const sorted = values.toSorted((a, b) => a - b);
  if (how === "min") return sorted[0] ?? null;
  if (how === "max") return sorted.at(-1) ?? null;
  const middle = Math.floor(sorted.length / 2);
  const [below, above] = [sorted[middle - 1] ?? 0, sorted[middle] ?? 0];
  return sorted.length % 2 === 1 ? above : (below + above) / 2;
}

export interface Bar {
  label: string;
  /** Tells bars beside each other apart; "" where there is one of each label. */
  part: string;
  value: number;
  low: number;
  high: number;
  count: number;
  place: number;
}

/** A bar for each run, or for each group of runs; the greatest first. */
export function barsOf(
  runs: RunValues[],
  column: string,
  group: string | undefined,
  apart: string | undefined,
  how: Aggregate,
): Bar[] {
  const found = new Map<string, { label: string; part: string; place: number; values: number[] }>();
  for (const run of runs) {
    const value = numberIn(run, column);
    if (value === null) continue;
    const label = group === undefined ? run.name : textIn(run, group);
    const part = apart === undefined ? "" : textIn(run, apart);
    // Runs of the same name are two bars.
    const key = group === undefined ? `${run.id}\n${part}` : `${label}\n${part}`;
    const bar = found.get(key) ?? { label, part, place: run.place, values: [] };
    bar.values.push(value);
    found.set(key, bar);
  }
  return [...found.values()]
    .map(({ label, part, place, values }) => ({
      label,
      part,
      place,
      value: aggregated(values, how) ?? 0,
      low: Math.min(...values),
      high: Math.max(...values),
      count: values.length,
    }))
    .sort((a, b) => b.value - a.value);
}

export interface Bin {
  from: number;
  to: number;
  count: number;
}

/** Values in bins of equal width; the last one has its upper end. */
export function binsOf(values: number[], count: number): Bin[] {
  if (values.length === 0) return [];
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low === high) return [{ from: low - 0.5, to: low + 0.5, count: values.length }];
  const width = (high - low) / count;
  const bins = Array.from({ length: count }, (_, at) => ({
    from: low + at * width,
    to: low + (at + 1) * width,
    count: 0,
  }));
  for (const value of values) {
    const bin = bins[Math.min(count - 1, Math.floor((value - low) / width))];
    if (bin !== undefined) bin.count += 1;
  }
  return bins;
}

/** How much two series go together, from -1 to 1; null where one of them never changes. */
export function pearson(pairs: [number, number][]): number | null {
  const count = pairs.length;
  // The mean of equal numbers may differ from them by rounding, so what never changes is told by the numbers.
  const isConstant = (at: 0 | 1) => pairs.every((pair) => pair[at] === pairs[0]?.[at]);
  if (isConstant(0) || isConstant(1)) return null;
  const mean = (at: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[at], 0) / count;
  const [meanX, meanY] = [mean(0), mean(1)];
  let [both, ofX, ofY] = [0, 0, 0];
  for (const [x, y] of pairs) {
    both += (x - meanX) * (y - meanY);
    ofX += (x - meanX) ** 2;
    ofY += (y - meanY) ** 2;
  }
  return Math.max(-1, Math.min(1, both / Math.sqrt(ofX * ofY)));
}

export interface Importance {
  column: string;
  correlation: number;
  /** Runs that have both. */
  count: number;
}

/** How parameters go together with a target, the strongest first. */
export function importances(runs: RunValues[], target: string, columns: string[]): Importance[] {
  return columns
    .flatMap((column) => {
      const pairs = runs.flatMap((run): [number, number][] => {
        const [x, y] = [numberIn(run, column), numberIn(run, target)];
        return x === null || y === null ? [] : [[x, y]];
      });
      const correlation = pearson(pairs);
      return correlation === null ? [] : [{ column, correlation, count: pairs.length }];
    })
    .sort((a, b) => Math.abs(b.correlation) - Math.abs(a.correlation));
}

/** Where a logarithmic axis has numbers: at 1, 2 and 5 of each decade, or at the decades alone where they are many. */
export function decades(values: number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!(low > 0) || !Number.isFinite(high)) return [];
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const step = Math.ceil((last - first) / 8);
  const within = last - first > 3 ? [1] : [1, 2, 5];
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, at) => first + at * step)
    .flatMap((exponent) => within.map((digit) => Number(`${digit}e${exponent}`)))
    .filter((tick) => tick >= low && tick <= high);
}
