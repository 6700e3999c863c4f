/** How a value is spread over runs. */
import * as Plot from "@observablehq/plot";
import { useCallback, useMemo } from "react";
import { Plotted } from "../../../charts/Plotted";
import { counted, formatNumber } from "../../../model/format";
import type { Bin } from "../../../model/plots";
import { binsOf, numberIn } from "../../../model/plots";
import type { KindProps } from "../RunPanel";
import { short } from "./Points";

const BINS = 20;

export function Spread({ panel, title, room, runs }: KindProps) {
  const { keys: [column = ""] = [], bins = BINS } = panel;
  const values = useMemo(
    () => runs.map((run) => numberIn(run, column)).filter((value) => value !== null),
    [runs, column],
  );
  const options = useCallback(
    (): Plot.PlotOptions => ({
      marginLeft: 40,
      marginBottom: 34,
      x: { label: short(column), tickFormat: formatNumber, ticks: 5 },
      y: {
        label: "runs",
        grid: true,
        ticks: 4,
        tickFormat: (count: number) => (Number.isInteger(count) ? String(count) : ""),
      },
      marks: [
        Plot.rectY(binsOf(values, bins), {
          x1: "from",
          x2: "to",
          y: "count",
          fill: "var(--accent)",
          fillOpacity: 0.8,
          title: ({ from, to, count }: Bin) =>
            `${counted(count, "run")} from ${formatNumber(from)} to ${formatNumber(to)}`,
          tip: true,
        }),
        Plot.ruleY([0]),
      ],
    }),
    [values, bins, column],
  );
  if (values.length === 0) return <div className="panel-empty">No run has {short(column)}</div>;
  return <Plotted label={`${title}: ${counted(values.length, "run")}`} height={room.height} options={options} />;
}
