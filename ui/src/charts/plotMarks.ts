/** What Observable Plot draws of a chart of `wandb.plot.*`. */
import * as Plot from "@observablehq/plot";
import type { CustomChart, Datum, Drawing } from "../model/customCharts";
import { formatNumber } from "../model/format";
import { binsOf } from "../model/plots";

/** What has a colour and a name of its own: a line, or all that is of one run. */
export interface Part {
  label: string;
  color: string;
  dash?: string;
  data: Datum[];
}

const FRAME = { marginLeft: 52, marginBottom: 34, marginRight: 14, marginTop: 20 };
const BINS = 24;
/** Matrices beside each other, at most. */
const MATRICES = 4;

export function marksOf(drawing: Drawing, parts: Part[], labels: CustomChart["labels"]): Plot.PlotOptions {
  switch (drawing.shape) {
    case "line":
    case "scatter":
      return points(drawing.shape, parts, labels.x ?? drawing.x, labels.y ?? drawing.y);
    case "bar":
      return bars(parts, drawing.value);
    case "histogram":
      return histogram(parts, drawing.value);
    case "matrix":
      return matrix(parts.slice(0, MATRICES));
  }
}

function points(shape: "line" | "scatter", parts: Part[], x: string, y: string): Plot.PlotOptions {
  const all = parts.flatMap(({ label, data }) => data.map((datum) => ({ ...datum, label })));
  const scale = (label: string) => ({ type: "linear", label, tickFormat: formatNumber, ticks: 5, nice: true }) as const;
  return {
    ...FRAME,
    grid: true,
    x: scale(x),
    y: scale(y),
    marks: [
      ...parts.map(({ color, dash, data }) =>
        shape === "line"
          ? Plot.line(data, {
              x: "x",
              y: "y",
              stroke: color,
              strokeWidth: 1.6,
              ...(dash === undefined ? {} : { strokeDasharray: dash }),
            })
          : Plot.dot(data, { x: "x", y: "y", fill: color, fillOpacity: 0.8, r: 3 }),
      ),
      Plot.tip(
        all,
        Plot.pointer({
          x: "x",
          y: "y",
          title: ({ label, x: ofX, y: ofY }: Datum) =>
            `${label}\n${x}: ${formatNumber(ofX)}\n${y}: ${formatNumber(ofY)}`,
        }),
      ),
    ],
  };
}

function bars(parts: Part[], value: string): Plot.PlotOptions {
  const all = parts.flatMap(({ label, color, data }) => data.map((datum) => ({ ...datum, run: label, color })));
  const names = [...new Set(all.map(({ label }) => label))];
  const left = Math.min(120, 16 + Math.max(...names.map((name) => name.length)) * 6);
  const isApart = parts.length > 1;
  const band = { domain: names, label: null, tickSize: 0, padding: 0.2 };
  return {
    ...FRAME,
    marginLeft: left,
    marginTop: 4,
    marginRight: 44,
    x: { label: value, grid: true, ticks: 4, tickFormat: formatNumber },
    ...(isApart ? { y: { axis: null, label: null, padding: 0.1 }, fy: band } : { y: band }),
    marks: [
      Plot.barX(all, {
        x: "y",
        y: isApart ? "run" : "label",
        ...(isApart ? { fy: "label" } : {}),
        fill: ({ color }: Part) => color,
        fillOpacity: 0.85,
      }),
      Plot.text(all, {
        x: "y",
        y: isApart ? "run" : "label",
        ...(isApart ? { fy: "label" } : {}),
        text: ({ y }: Datum) => formatNumber(y),
        textAnchor: "start",
        dx: 4,
      }),
    ],
  };
}

function histogram(parts: Part[], value: string): Plot.PlotOptions {
  return {
    ...FRAME,
    x: { label: value, ticks: 5, tickFormat: formatNumber },
    y: { label: "rows", grid: true, ticks: 4, nice: true },
    marks: [
      ...parts.map(({ color, data }) =>
        Plot.rectY(
          binsOf(
            data.map(({ x }) => x),
            BINS,
          ),
          { x1: "from", x2: "to", y: "count", fill: color, fillOpacity: parts.length > 1 ? 0.5 : 0.8 },
        ),
      ),
      Plot.ruleY([0]),
    ],
  };
}

/** Each cell says how many; the colour how many of its row. */
function matrix(parts: Part[]): Plot.PlotOptions {
  const all = parts.flatMap(({ label: run, data }) => {
    const sums = new Map<string, number>();
    for (const { label, y } of data) sums.set(label, (sums.get(label) ?? 0) + y);
    return data.map(({ label, series, y }) => ({
      run,
      label,
      series,
      y,
      share: y / Math.max(1, sums.get(label) ?? 1),
    }));
  });
  type Cell = (typeof all)[number];
  const facet = parts.length > 1 ? { fx: "run" } : {};
  const left = Math.min(110, 34 + Math.max(...all.map(({ label }) => label.length)) * 6);
  return {
    ...FRAME,
    marginLeft: left,
    marginTop: parts.length > 1 ? 24 : 6,
    padding: 0.04,
    fx: { label: null },
    x: { label: "predicted", tickSize: 0 },
    y: { label: "actual", tickSize: 0 },
    marks: [
      Plot.cell(all, {
        ...facet,
        x: "series",
        y: "label",
        fill: "var(--accent)",
        fillOpacity: ({ share }: Cell) => 0.06 + 0.84 * share,
      }),
      Plot.text(all, {
        ...facet,
        x: "series",
        y: "label",
        text: ({ y }: Cell) => formatNumber(y),
        fill: ({ share }: Cell) => (share > 0.5 ? "var(--on-accent)" : "var(--text)"),
      }),
    ],
  };
}
