/** Lines as the columns that the drawing wants: of each its band, what was logged, and the line itself; or its area. */
import type uPlot from "uplot";
import type { Mark, Shape } from "../model/lineLooks";
import type { PointValue } from "../model/lineNames";
import { align, positive, spread } from "./align";
import { pointsOf } from "./marks";
import { filled, stacked } from "./stack";

type Values = (number | null)[];

export interface PlotLine {
  label: string;
  color: string;
  width?: number | undefined;
  dash?: number[] | undefined;
  mark?: Mark | undefined;
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
  /** Of an area the column that it stands on. */
  below: number | null;
  /** The point of the line that is told at a place of the common x: the one there, or the one before; -1 for none. */
  pointAt: (place: number) => number;
}

export interface Columns {
  data: uPlot.AlignedData;
  series: uPlot.Series[];
  bands: uPlot.Band[];
  shown: ShownLine[];
}

export function columnsOf(lines: PlotLine[], logX: boolean, logY: boolean, shape: Shape = "line"): Columns {
  const aligned = align(
    lines.map((line) => (logX ? { x: line.x.map((x) => (x > 0 ? x : NaN)).filter((x) => !Number.isNaN(x)) } : line)),
  );
  const placed = lines.map((line, index) => {
    const at = aligned.at[index] ?? [];
    return { line, at, skipped: line.x.length - at.length };
  });
  const result: Columns = { data: [aligned.x], series: [], bands: [], shown: [] };
  const add = (values: (number | null | undefined)[], series: uPlot.Series) => {
    result.data = [...result.data, values] as uPlot.AlignedData;
    return result.series.push({ points: { show: false }, spanGaps: false, ...series });
  };
  const show = ({ line, at, skipped }: (typeof placed)[number], column: number, below: number | null) =>
    result.shown.push({ line, column, below, pointAt: (place) => pointAt(at, place, skipped) });
  if (shape !== "line") {
    const parts = placed.map(({ line, at, skipped }) => filled(line.y.slice(skipped), at, aligned.x));
    stacked(parts, shape === "percent").forEach(({ base, top }, index) => {
      const one = placed[index];
      if (one === undefined) return;
      const below = add(base, { width: 0 });
      const column = add(top, strokeOf(one.line, one.at.length));
      result.bands.push({ series: [column, below], fill: `${one.line.color}59` });
      show(one, column, below);
    });
    return result;
  }
  for (const one of placed) {
    const { line, at, skipped } = one;
    const spreadOut = (values: Values) => {
      const kept = values.slice(skipped);
      return spread(logY ? positive(kept) : kept, at, aligned.x.length);
    };
    if (line.band !== null) {
      // A band may leave the view; the lines are what is fitted into it.
      const high = add(spreadOut(line.band.high), { width: 0, auto: false });
      const low = add(spreadOut(line.band.low), { width: 0, auto: false });
      result.bands.push({ series: [high, low], fill: `${line.color}2a` });
    }
    if (line.raw !== null) add(spreadOut(line.raw), { stroke: `${line.color}48`, width: 1 });
    show(one, add(spreadOut(line.y), strokeOf(line, at.length)), null);
  }
  return result;
}

function strokeOf({ color, width = 1.4, dash = [], mark = "none" }: PlotLine, points: number): uPlot.Series {
  return { stroke: color, width, ...(dash.length === 0 ? {} : { dash }), points: pointsOf(mark, color, width, points) };
}

/** Of several points there the last, which is what is drawn. */
function pointAt(at: number[], place: number, skipped: number): number {
  let found = -1;
  at.forEach((known, point) => {
    if (known <= place && (found < 0 || known >= (at[found] ?? 0))) found = point;
  });
  return found < 0 ? -1 : found + skipped;
}
