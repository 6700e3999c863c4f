/** Runs as points over two of their values. A click opens the run. */
import * as Plot from "@observablehq/plot";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { Plotted } from "../../../charts/Plotted";
import { counted, formatNumber } from "../../../model/format";
import { decades, numberIn } from "../../../model/plots";
import { paramsOf } from "../../address";
import type { KindProps } from "../RunPanel";
import { inkOf } from "./ink";
import { Keys, KEYS_HEIGHT } from "../../../charts/Keys";

interface Point {
  id: string;
  name: string;
  x: number;
  y: number;
  color: string;
}

export function Points({ panel, title, room, scene, runs }: KindProps) {
  const { x: ofX = "", y: ofY = "", color, logX = false, logY = false } = panel;
  const navigate = useNavigate();
  const ink = useMemo(() => inkOf(runs, color, scene.theme), [runs, color, scene.theme]);
  const points = useMemo(
    () =>
      runs.flatMap((run): Point[] => {
        const [x, y] = [numberIn(run, ofX), numberIn(run, ofY)];
        const isShown = x !== null && y !== null && (!logX || x > 0) && (!logY || y > 0);
        return isShown ? [{ id: run.id, name: run.name, x, y, color: ink.of(run) }] : [];
      }),
    [runs, ofX, ofY, logX, logY, ink],
  );
  const options = useCallback(
    (): Plot.PlotOptions => ({
      marginLeft: 56,
      marginBottom: 34,
      marginRight: 14,
      grid: true,
      x: scale(
        ofX,
        logX,
        points.map(({ x }) => x),
      ),
      y: scale(
        ofY,
        logY,
        points.map(({ y }) => y),
      ),
      marks: [
        Plot.dot(points, { x: "x", y: "y", fill: "color", r: 3.5, fillOpacity: 0.85 }),
        Plot.tip(
          points,
          Plot.pointer({
            x: "x",
            y: "y",
            title: ({ name, x, y }: Point) =>
              `${name}\n${short(ofX)}: ${formatNumber(x)}\n${short(ofY)}: ${formatNumber(y)}`,
          }),
        ),
      ],
    }),
    [points, ofX, ofY, logX, logY],
  );
  if (points.length === 0) return <div className="panel-empty">No run has both values</div>;
  const height = room.height - (color === undefined ? 0 : KEYS_HEIGHT);
  return (
    <>
      <Plotted
        label={`${title}: ${counted(points.length, "run")}`}
        height={height}
        options={options}
        onPick={(datum) =>
          void navigate({ to: "/$entity/$project/runs/$run", params: paramsOf(scene.project, (datum as Point).id) })
        }
      />
      <Keys of={color} keys={ink.legend} />
    </>
  );
}

function scale(column: string, isLog: boolean, values: number[]): Plot.ScaleOptions {
  const label = short(column);
  if (!isLog) return { type: "linear", label, tickFormat: formatNumber, ticks: 5, nice: true };
  return { type: "log", label, ticks: decades(values), tickFormat: formatNumber };
}

export const short = (column: string) => column.replace(/^(config|summary)\./, "");
