/** Lines as they are drawn where somebody chose how. */
import type { Line } from "../api/chart";
import type { Dash, Looks } from "../model/lineLooks";
import { lookOf } from "../model/lineLooks";
import type { Look } from "./Lines";

const STROKES: Record<Dash, number[]> = { solid: [], dashed: [7, 3], dotted: [2, 3], dash_dot: [8, 3, 2, 3] };

/** What was chosen goes before what a line has by itself. */
export function styled(plain: (line: Line) => Look | null, looks: Looks): (line: Line) => Look | null {
  return (line) => {
    const look = plain(line);
    if (look === null) return null;
    const { color = look.color, width, dash, mark } = lookOf(looks, line);
    return { ...look, color, width, dash: dash === undefined ? look.dash : STROKES[dash], mark };
  };
}
