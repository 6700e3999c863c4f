/** Lines as the columns that the drawing wants: of each its band, what was logged, and the line itself. */
import type uPlot from "uplot";
import type { PointValue } from "../model/lineNames";
import { align, positive, spread } from "./align";

type Values = (number | null)[];

export interface PlotLine {
  label: string;
  color: string;
  dash?: number[];
  x: number[];
  y: Values;
  /** What was logged, drawn faint behind what is smoothed. */
  raw: Values | null;
  band: { low: Values; high: Values } | null;
  /** What else is known of each point. */
  known: { mean: Values; deviation: Values; low: Values; high: Values };
  /** What stands at the crosshair instead of name and value. */
  tell?: ((point: (value: PointValue) => string) => string) | undefined;
}

/** A line that the crosshair tells, with its column. */
export interface ShownLine {
  line: PlotLine;
  column: number;
  /** The point of the line that stands at a place of the common x; -1 where there is none. */
  pointAt: (place: number) => number;
}

export interface Columns {
  data: uPlot.AlignedData;
  series: uPlot.Series[];
  bands: uPlot.Band[];
  shown: ShownLine[];
}

export function columnsOf(lines: PlotLine[], logX: boolean, logY: boolean): Columns {
  const aligned = align(
    lines.map((line) => (logX ? { x: line.x.map((x) => (x > 0 ? x : NaN)).filter((x) => !Number.isNaN(x)) } : line)),
  );
  const result: Columns = { data: [aligned.x], series: [], bands: [], shown: [] };
  const add = (values: Values, at: number[], skipped: number, series: uPlot.Series) => {
    const kept = values.slice(skipped);
    result.data = [...result.data, spread(logY ? positive(kept) : kept, at, aligned.x.length)] as uPlot.AlignedData;
    return result.series.push({ points: { show: false }, spanGaps: false, ...series });
  };
  lines.forEach((line, index) => {
    const at = aligned.at[index] ?? [];
    const skipped = line.x.length - at.length;
    if (line.band !== null) {
      // A band may leave the view; the lines are what is fitted into it.
      const high = add(line.band.high, at, skipped, { width: 0, auto: false });
      const low = add(line.band.low, at, skipped, { width: 0, auto: false });
      result.bands.push({ series: [high, low], fill: `${line.color}2a` });
    }
    if (line.raw !== null) add(line.raw, at, skipped, { stroke: `${line.color}48`, width: 1 });
    // A single point would be no line, so it is drawn as a point.
    const column = add(line.y, at, skipped, {
      stroke: line.color,
      width: 1.4,
      ...(line.dash === undefined ? {} : { dash: line.dash }),
      points: { show: at.length === 1, size: 6 },
    });
    const pointAt = (place: number) => {
      const point = at.lastIndexOf(place);
      return point < 0 ? -1 : point + skipped;
    };
    result.shown.push({ line, column, pointAt });
  });
  return result;
}
