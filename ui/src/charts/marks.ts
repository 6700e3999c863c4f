/** How the points of a line are marked. */
import type uPlot from "uplot";
import type { Mark } from "../model/lineLooks";

type Paths = uPlot.Series.Points.Paths;

/** A single point would be no line, so it is drawn as a point; all others where somebody chose a mark. */
export function pointsOf(mark: Mark, color: string, width: number, points: number): uPlot.Series.Points {
  const size = 5 + 1.5 * width;
  if (mark === "none") return { show: points === 1, size: 6 };
  const look = { show: true, size, width: 0, fill: color, stroke: color };
  return mark === "circle" ? look : { ...look, paths: cornered(mark, size) };
}

/** A square, or one that stands on a corner, around each point. */
function cornered(mark: "square" | "diamond", size: number): uPlot.Series.Points.PathBuilder {
  return (plot, line, first, last, places): Paths => {
    const fill = new Path2D();
    const half = (size / 2) * devicePixelRatio;
    const draw = (place: number) => {
      const [x, y] = [plot.data[0][place], plot.data[line]?.[place]];
      if (typeof x !== "number" || typeof y !== "number") return;
      const [left, top] = [plot.valToPos(x, "x", true), plot.valToPos(y, "y", true)];
      if (mark === "square") {
        fill.rect(left - half, top - half, 2 * half, 2 * half);
        return;
      }
      const reach = half * Math.SQRT2;
      fill.moveTo(left, top - reach);
      fill.lineTo(left + reach, top);
      fill.lineTo(left, top + reach);
      fill.lineTo(left - reach, top);
      fill.closePath();
    };
    if (Array.isArray(places)) places.forEach(draw);
    else for (let place = first; place <= last; place++) draw(place);
    const clip = new Path2D();
    const { left, top, width, height } = plot.bbox;
    clip.rect(left - half, top - half, width + 2 * half, height + 2 * half);
    return { stroke: null, fill, clip, flags: CLIP_BOTH };
  };
}

/** As the library numbers it: what is filled and what is stroked. */
const CLIP_BOTH = 1 | 2;
