/** Lines over one axis, drawn on a canvas. The crosshair is shared by all that have the same `sync`. */
import { useEffect, useEffectEvent, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "../components/theme";
import { formatNumber, formatSpan } from "../model/format";
import { nearest } from "./align";
import type { Shape } from "../model/lineLooks";
import "./charts.css";
import { linearEnds, logEnds, withoutOutliers } from "./extent";
import type { PlotLine } from "./plotColumns";
import { columnsOf } from "./plotColumns";
import type { XKind } from "./Tip";
import { Tip } from "./Tip";

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
  shape?: Shape;
  /** Whether y ends where nearly all points do. */
  ignoresOutliers?: boolean;
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
  const { xKind, xLabel, logX, shape = "line", yMin = null, yMax = null, ignoresOutliers = false, sync } = props;

  // What is summed up has no logarithm that would say anything of its parts.
  const logY = props.logY && shape === "line";

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const { data, series, bands, shown } = columnsOf(lines, logX, logY, shape);
    const ends = {
      min: yMin ?? (shape === "percent" ? 0 : null),
      max: yMax ?? (shape === "percent" ? 100 : null),
      kept: ignoresOutliers && shape === "line" ? withoutOutliers(lines, logY) : null,
    };
    const fixed = logEnds(ends);
    const tip = new Tip(element, shown, xKind, shape === "percent");
    const plot = new uPlot(
      {
        width: Math.max(120, element.clientWidth),
        height,
        series: [{ label: xLabel }, ...series],
        bands,
        scales: {
          x: { time: xKind === "time", distr: logX ? LOG : LINEAR },
          y: logY
            ? { distr: LOG, ...(fixed === null ? {} : { range: fixed }) }
            : { range: (_, low, high) => linearEnds(ends, low, high) },
        },
        axes: axes(xKind, logY, shape === "percent"),
        legend: { show: false },
        cursor: {
          sync: { key: sync },
          drag: { x: true, y: false, setScale: false },
          points: { show: false },
          focus: { prox: 24 },
          dataIdx: (self, line, at) => nearest(self.data[line] ?? [], at, 200) ?? at,
        },
        hooks: {
          // What the numbers beside the axis say, for those who do not see them.
          setScale: [(self, scale) => scale === "y" && element.setAttribute("aria-description", endsOf(self))],
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
  }, [lines, xKind, xLabel, logX, logY, shape, yMin, yMax, ignoresOutliers, sync, height, theme]);

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

function endsOf({ scales: { y } }: uPlot): string {
  return `y from ${formatNumber(y?.min ?? NaN)} to ${formatNumber(y?.max ?? NaN)}`;
}

function axes(xKind: XKind, logY: boolean, isPercent: boolean): uPlot.Axis[] {
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
        ticks.map((tick) =>
          tick === null || (logY && !isDecade(tick)) ? "" : `${compact(tick)}${isPercent ? "%" : ""}`,
        ),
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
