/** Groups of the table, each with its runs behind it when it is open: one line of rows for the screen. */

export interface OpenGroup {
  index: number;
  /** How many runs it has. */
  runs: number;
}

export type Line = { is: "group"; index: number } | { is: "run"; group: number; index: number };

/** How many lines there are. */
export function lineCount(groups: number, open: OpenGroup[]): number {
  return groups + open.reduce((sum, { runs }) => sum + runs, 0);
}

/** What stands on a line; `open` rises by index. */
export function lineAt(line: number, open: OpenGroup[]): Line {
  let before = 0;
  for (const { index, runs } of open) {
    const head = index + before;
    if (line <= head) break;
    if (line <= head + runs) return { is: "run", group: index, index: line - head - 1 };
    before += runs;
  }
  return { is: "group", index: line - before };
}

/** A distribution as the heights of its bars, the tallest being 1. */
export function heights(bins: number[]): number[] {
  const tallest = Math.max(...bins, 1);
  return bins.map((bin) => bin / tallest);
}
