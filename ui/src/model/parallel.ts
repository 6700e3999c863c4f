/** Parallel coordinates: an axis for each column, of numbers or of categories, and where runs cross it. */
import type { Condition } from "./filter";
import { formatNumber } from "./format";
import type { RunValues } from "./plots";
import { numberIn, textIn } from "./plots";

export interface Axis {
  column: string;
  /** Of numbers the ends; of categories their names from the bottom up. */
  range: [number, number] | null;
  categories: string[];
  ticks: { label: string; at: number }[];
}

const CATEGORIES_MAX = 30;

/** Numbers where all values are numbers, else categories. */
export function axisOf(runs: RunValues[], column: string): Axis {
  const filled = runs.filter(({ values }) => values[column] !== null && values[column] !== undefined);
  const numbers = filled.map((run) => (typeof run.values[column] === "number" ? numberIn(run, column) : null));
  if (filled.length > 0 && numbers.every((value) => value !== null)) {
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const range: [number, number] = low === high ? [low - 0.5, high + 0.5] : [low, high];
    const ticks = [0, 0.5, 1].map((at) => ({
      label: formatNumber(Number((range[0] + at * (range[1] - range[0])).toPrecision(4))),
      at,
    }));
    return { column, range, categories: [], ticks };
  }
  const categories = [...new Set(filled.map((run) => textIn(run, column)))]
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .slice(0, CATEGORIES_MAX);
  return {
    column,
    range: null,
    categories,
    ticks: categories.map((label, at) => ({ label, at: placed(at, categories.length) })),
  };
}

/** Where a run crosses an axis, from 0 at the bottom to 1; null where it does not. */
export function crossing(run: RunValues, { column, range, categories }: Axis): number | null {
  if (range !== null) {
    const value = numberIn(run, column);
    return value === null ? null : (value - range[0]) / (range[1] - range[0]);
  }
  const at = categories.indexOf(textIn(run, column));
  return at < 0 ? null : placed(at, categories.length);
}

function placed(at: number, count: number): number {
  return count < 2 ? 0.5 : at / (count - 1);
}

/** What a part of an axis that is brushed asks of runs; none where it has nothing in it. */
export function brushed({ column, range, categories }: Axis, from: number, to: number): Condition[] {
  if (range !== null) {
    const value = (at: number) => Number((range[0] + at * (range[1] - range[0])).toPrecision(6));
    const bound = (operator: ">=" | "<=", at: number): Condition => ({
      is: "condition",
      column,
      operator,
      values: [{ text: String(value(at)), isQuoted: false }],
    });
    return [bound(">=", from), bound("<=", to)];
  }
  const inside = categories.filter(
    (_, at) => placed(at, categories.length) >= from && placed(at, categories.length) <= to,
  );
  if (inside.length === 0) return [];
  return [{ is: "condition", column, operator: "in", values: inside.map((text) => ({ text, isQuoted: true })) }];
}
