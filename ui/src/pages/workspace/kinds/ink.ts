/** Colours of runs by a column: shades of numbers, or one for each category. */
import { colorAt } from "../../../charts/colors";
import type { RunValues } from "../../../model/plots";
import { numberIn, textIn } from "../../../model/plots";
import { placeOf } from "../scene";

export interface Ink {
  of: (run: RunValues) => string;
  legend: { label: string; color: string }[];
}

const NONE = "#8b918e";
const CATEGORIES_MAX = 12;

export function inkOf(runs: RunValues[], column: string | undefined, theme: "light" | "dark"): Ink {
  if (column === undefined) return { of: ({ place }) => colorAt(place, theme), legend: [] };
  const numbers = runs.map((run) => numberIn(run, column));
  const known = numbers.filter((value) => value !== null);
  const isNumber = known.length > 0 && runs.every(({ values }) => typeof values[column] !== "string");
  if (isNumber) {
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const shade = (value: number) => shaded(low === high ? 0.5 : (value - low) / (high - low), theme);
    const ends = low === high ? [low] : [low, (low + high) / 2, high];
    return {
      of: (run) => {
        const value = numberIn(run, column);
        return value === null ? NONE : shade(value);
      },
      legend: ends.map((value) => ({ label: String(Number(value.toPrecision(4))), color: shade(value) })),
    };
  }
  const names = [...new Set(runs.map((run) => textIn(run, column)))];
  const colorOf = (name: string) => (name === "none" ? NONE : colorAt(placeOf(name), theme));
  return {
    of: (run) => colorOf(textIn(run, column)),
    legend: names.slice(0, CATEGORIES_MAX).map((label) => ({ label, color: colorOf(label) })),
  };
}

/** From blue by violet to a warm tone, all readable on the page. */
function shaded(at: number, theme: "light" | "dark"): string {
  const [from, to] = theme === "dark" ? [195, 395] : [210, 380];
  const lightness = theme === "dark" ? 68 : 42;
  return `hsl(${Math.round(from + (to - from) * at)} 70% ${lightness}%)`;
}
