/** Histograms over steps: the darker, the more values. */
import * as Plot from "@observablehq/plot";
import { useCallback } from "react";
import { Plotted } from "../../charts/Plotted";
import { counted, formatNumber } from "../../model/format";
import type { Cell } from "../../model/heat";
import { cellsOf } from "../../model/heat";
import type { Histogram } from "../../model/media";

interface HeatMapProps {
  title: string;
  histograms: Histogram[];
  height: number;
}

export default function HeatMap({ title, histograms, height }: HeatMapProps) {
  const options = useCallback(
    (): Plot.PlotOptions => ({
      marginLeft: 48,
      marginBottom: 32,
      x: { label: "step", tickFormat: formatNumber, ticks: 6 },
      y: { label: null, tickFormat: formatNumber, ticks: 5 },
      opacity: { type: "identity" },
      marks: [
        Plot.rect(cellsOf(histograms), {
          x1: "x1",
          x2: "x2",
          y1: "y1",
          y2: "y2",
          fill: "var(--accent)",
          fillOpacity: ({ share }: Cell) => 0.06 + 0.94 * share,
          inset: 0,
          title: ({ x1, y1, y2, count }: Cell) =>
            `step ${formatNumber(x1)}\n${formatNumber(Number(count.toPrecision(3)))} from ${formatNumber(y1)} to ${formatNumber(y2)}`,
          tip: true,
        }),
      ],
    }),
    [histograms],
  );
  return (
    <Plotted
      label={`${title}: histograms of ${counted(histograms.length, "step")}`}
      height={height}
      options={options}
    />
  );
}
