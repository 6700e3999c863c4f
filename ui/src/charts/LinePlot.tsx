/** Lines over one axis, drawn on a canvas. The crosshair is shared by all that have the same `sync`. */
import { useEffect, useEffectEvent, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "../components/theme";
import { formatNumber, formatSpan } from "../model/format";
import { align, nearest, positive, spread, yRange } from "./align";
import "./charts.css";

export interface PlotLine {
  label: string;
  color: string;
  dash?: number[];
  x: number[];
  y: (number | null)[];
  /** What was logged, drawn faint behind what is smoothed. */
  raw: (number | null)[] | null;
  band: { low: (number | null)[]; high: (number | null)[] } | null;
}

export type XKind = "number" | "span" | "time";

interface LinePlotProps {
  title: string;
  lines: PlotLine[];
  xKind: XKind;
  xLabel: string;
  logX: boolean;
  logY: boolean;
  /** Where y begins and ends; null where the lines say it. */
  yMin?: number | null;
  yMax?: number | null;
  sync: string;
  height: number;
  /** What is dragged over, to look at closer; null for all. */
  onRange: (range: [number, number] | null) => void;
}

export function LinePlot(props: LinePlotProps) {
  const { title, lines, height } = props;
  const place = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const zoom = useEffectEvent(props.onRange);
  const { xKind, xLabel, logX, logY, yMin = null, yMax = null, sync } = props;

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const { data, series, bands, shown } = columnsOf(lines, logX, logY);
    const tip = new Tip(element, shown, xKind);
    const plot = new uPlot(
      {
        width: Math.max(120, element.clientWidth),
        height,
        series: [{ label: xLabel }, ...series],
        bands,
        scales: {
          x: { time: xKind === "time", distr: logX ? LOG : LINEAR },
          y: logY
            ? { distr: LOG, ...(yMin !== null || yMax !== null ? { range: [yMin, yMax] as uPlot.Range.MinMax } : {}) }
            : {
                range: (_, low, high) => {
                  const [from, to] = yRange(low, high);
                  return [yMin ?? from, yMax ?? to];
                },
              },
        },
        axes: axes(xKind, logY),
        legend: { show: false },
        cursor: {
          sync: { key: sync },
          drag: { x: true, y: false, setScale: false },
          points: { show: false },
          focus: { prox: 24 },
          dataIdx: (self, line, at) => nearest(self.data[line] ?? [], at, 200) ?? at,
        },
        hooks: {
          setCursor: [(self) => tip.show(self)],
          setSelect: [
            (self) => {
              const { left, width } = self.select;
              if (width < 4) return;
              zoom([self.posToVal(left, "x"), self.posToVal(left + width, "x")]);
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      data,
      element,
    );
    const resized = new ResizeObserver(() => plot.setSize({ width: Math.max(120, element.clientWidth), height }));
    resized.observe(element);
    const reset = () => zoom(null);
    plot.over.addEventListener("dblclick", reset);
    return () => {
      resized.disconnect();
      tip.remove();
      plot.destroy();
    };
  }, [lines, xKind, xLabel, logX, logY, yMin, yMax, sync, height, theme]);

  return (
    <div
      ref={place}
      className="plot"
      role="img"
      aria-label={`${title}: ${lines.length} ${lines.length === 1 ? "line" : "lines"}`}
      style={{ height }}
    />
  );
}

/** How a scale is spread, as the library numbers it; its names exist for the compiler alone. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- as said
const [LINEAR, LOG]: [uPlot.Scale.Distr, uPlot.Scale.Distr] = [1, 3];

/** Ticks that a logarithmic scale leaves out come as null, which the library's types do not say. */
type Ticks = (number | null)[];

interface Columns {
  data: uPlot.AlignedData;
  series: uPlot.Series[];
  bands: uPlot.Band[];
  /** The lines that the tip tells, with the column of each. */
  shown: { line: PlotLine; column: number }[];
}

function columnsOf(lines: PlotLine[], logX: boolean, logY: boolean): Columns {
  const aligned = align(
    lines.map((line) => (logX ? { x: line.x.map((x) => (x > 0 ? x : NaN)).filter((x) => !Number.isNaN(x)) } : line)),
  );
  const result: Columns = { data: [aligned.x], series: [], bands: [], shown: [] };
  const add = (values: (number | null)[], at: number[], skipped: number, series: uPlot.Series) => {
    const kept = values.slice(skipped);
    result.data = [...result.data, spread(logY ? positive(kept) : kept, at, aligned.x.length)] as uPlot.AlignedData;
    return result.series.push({ points: { show: false }, spanGaps: false, ...series });
  };
  lines.forEach((line, index) => {
    const at = aligned.at[index] ?? [];
    const skipped = line.x.length - at.length;
    if (line.band !== null) {
      const high = add(line.band.high, at, skipped, { width: 0 });
      const low = add(line.band.low, at, skipped, { width: 0 });
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
    result.shown.push({ line, column });
  });
  return result;
}

function axes(xKind: XKind, logY: boolean): uPlot.Axis[] {
  const style = getComputedStyle(document.documentElement);
  const [text, grid] = [style.getPropertyValue("--text-faint"), style.getPropertyValue("--line")];
  const common = {
    stroke: text,
    font: "11px system-ui, sans-serif",
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
  };
  const xValues: Partial<uPlot.Axis> =
    xKind === "time"
      ? {}
      : {
          values: (_, ticks: Ticks) =>
            ticks.map((tick) => (tick === null ? "" : xKind === "span" ? formatSpan(tick) : compact(tick))),
        };
  return [
    { ...common, size: 26, gap: 4, space: 64, ...xValues },
    {
      ...common,
      size: 52,
      gap: 4,
      space: 34,
      values: (_, ticks: Ticks) =>
        ticks.map((tick) => (tick === null || (logY && !isDecade(tick)) ? "" : compact(tick))),
    },
  ];
}

function isDecade(value: number): boolean {
  const exponent = Math.log10(value);
  return Math.abs(exponent - Math.round(exponent)) < 1e-9;
}

function compact(value: number): string {
  const units: [number, string][] = [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  const unit = units.find(([size]) => Math.abs(value) >= size * 10);
  return unit === undefined ? formatNumber(value) : `${formatNumber(value / unit[0])}${unit[1]}`;
}

const TOLD = 12;

/** What stands beside the crosshair: the lines there, the nearest one marked. */
class Tip {
  private readonly box = document.createElement("div");

  constructor(
    place: HTMLElement,
    private readonly shown: Columns["shown"],
    private readonly xKind: XKind,
  ) {
    this.box.className = "tip";
    this.box.hidden = true;
    place.append(this.box);
  }

  remove(): void {
    this.box.remove();
  }

  show(plot: uPlot): void {
    const { left = -1, top = -1, idx } = plot.cursor;
    const x = typeof idx === "number" ? plot.data[0][idx] : undefined;
    // Others' crosshairs move here too; only the one under the mouse tells.
    if (left < 0 || x === undefined || !plot.over.matches(":hover")) {
      this.box.hidden = true;
      return;
    }
    const found = this.shown.flatMap(({ line, column }) => {
      const at = plot.cursor.idxs?.[column];
      const value = typeof at === "number" ? plot.data[column]?.[at] : undefined;
      return typeof value === "number" ? [{ line, value, away: Math.abs(plot.valToPos(value, "y") - top) }] : [];
    });
    found.sort((a, b) => a.away - b.away);
    const kept = found.slice(0, TOLD).sort((a, b) => b.value - a.value);
    const head = row("tip-head", this.formatX(x), found.length > TOLD ? `${found.length} lines` : "");
    const rows = kept.map(({ line, value }) => {
      const one = row(line === found[0]?.line ? "tip-row near" : "tip-row", line.label, formatNumber(value));
      const mark = document.createElement("i");
      mark.style.background = line.color;
      one.prepend(mark);
      return one;
    });
    this.box.replaceChildren(head, ...rows);
    this.box.hidden = found.length === 0;
    const { offsetLeft, clientWidth } = plot.over;
    const isRight = left > clientWidth / 2;
    this.box.style.left = isRight ? "" : `${offsetLeft + left + 14}px`;
    this.box.style.right = isRight ? `${clientWidth - left + 14}px` : "";
    this.box.style.top = "4px";
  }

  private formatX(x: number): string {
    if (this.xKind === "span") return formatSpan(x);
    return this.xKind === "time" ? new Date(x * 1000).toLocaleString("en-GB") : formatNumber(x);
  }
}

function row(name: string, left: string, right: string): HTMLDivElement {
  const element = document.createElement("div");
  element.className = name;
  for (const text of [left, right]) {
    const part = document.createElement("span");
    part.textContent = text;
    element.append(part);
  }
  return element;
}
