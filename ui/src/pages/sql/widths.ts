/** How wide the columns of an answer are: as its first rows need, within bounds. */
import type { Answered } from "../../api/answer";
import { formatNumber } from "../../model/format";

const LOOKED_AT = 60;
const LETTER = 7.4;
const [LEAST, MOST] = [64, 420];

export function widthsOf(columns: Answered["columns"], rows: Answered["rows"]): number[] {
  return columns.map(({ name }, column) => {
    let longest = name.length;
    for (let row = 0; row < Math.min(rows.length, LOOKED_AT); row++) {
      const value = rows.at(row, column);
      const shown = typeof value === "number" ? formatNumber(value) : value === null ? "null" : String(value);
      longest = Math.max(longest, shown.length);
    }
    return Math.round(Math.min(MOST, Math.max(LEAST, longest * LETTER + 26)));
  });
}
