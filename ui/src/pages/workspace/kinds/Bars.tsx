/** A value of runs, or of groups of runs, as bars: as many as there is room for, the greatest first. */
import * as Plot from "@observablehq/plot";
import { useCallback, useMemo } from "react";
import { colorAt } from "../../../charts/colors";
import { Plotted } from "../../../charts/Plotted";
import { counted, formatNumber } from "../../../model/format";
import type { Bar } from "../../../model/plots";
import { barsOf } from "../../../model/plots";
import type { KindProps } from "../RunPanel";
import { placeOf } from "../scene";
import { Keys, KEYS_HEIGHT } from "../../../charts/Keys";
import { short } from "./Points";

/** Room that a bar takes with the space around it, and the axis below. */
const BAR = 15;
const AXIS = 30;

export function Bars({ panel, title, room, scene, runs }: KindProps) {
  const { keys: [column = ""] = [], group, color: apart, aggregate = "mean" } = panel;
  const { theme } = scene;
  const all = useMemo(() => barsOf(runs, column, group, apart, aggregate), [runs, column, group, apart, aggregate]);
  const height = room.height - (apart === undefined ? 0 : KEYS_HEIGHT);
  const shown = useMemo(
    () =>
      all
        .slice(0, Math.max(3, Math.floor((height - AXIS) / BAR)))
        .map((bar, at) => ({ ...bar, row: rowOf(bar, at, group, apart) })),
    [all, height, group, apart],
  );
  const colorOf = useCallback(
    (bar: Bar) => {
      if (apart !== undefined) return colorAt(placeOf(bar.part), theme);
      return group === undefined ? colorAt(bar.place, theme) : colorAt(placeOf(bar.label), theme);
    },
    [apart, group, theme],
  );
  const options = useCallback((): Plot.PlotOptions => {
    const left = Math.min(120, 14 + Math.max(...shown.map(({ label }) => label.length)) * 6);
    const labels = new Map(shown.map(({ row, label }) => [row, label]));
    const isApart = apart !== undefined;
    const rows = [...new Set(shown.map(({ row }) => row))];
    const named = (row: string) => cut(labels.get(row) ?? "", 17);
    const parts = {
      domain: [...new Set(shown.map(({ part }) => part))],
      axis: null,
      label: null,
      padding: 0.1,
    } as const;
    const band = { domain: rows, label: null, tickFormat: named, padding: 0.2 };
    const y = isApart ? "part" : "row";
    return {
      marginLeft: left,
      marginBottom: AXIS,
      marginTop: 2,
      marginRight: 44,
      x: { label: null, grid: true, tickFormat: formatNumber, ticks: 4 },
      ...(isApart ? { y: parts, fy: band } : { y: { ...band, tickSize: 0 } }),
      marks: [
        Plot.barX(shown, { x: "value", y, ...(isApart ? { fy: "row" } : {}), fill: colorOf, fillOpacity: 0.85 }),
        Plot.ruleY(
          shown.filter(({ count }) => count > 1),
          { x1: "low", x2: "high", y, ...(isApart ? { fy: "row" } : {}), stroke: "currentColor", strokeOpacity: 0.55 },
        ),
        Plot.text(shown, {
          x: ({ value, high, count }: Bar) => Math.max(value, count > 1 ? high : value),
          y,
          ...(isApart ? { fy: "row" } : {}),
          text: ({ value }: Bar) => formatNumber(value),
          textAnchor: "start",
          dx: 4,
        }),
      ],
    };
  }, [shown, apart, colorOf]);
  if (all.length === 0) return <div className="panel-empty">No run has {short(column)}</div>;
  const left = all.length - shown.length;
  return (
    <>
      <Plotted
        label={`${title}: ${counted(shown.length, "bar")}${left > 0 ? `, ${left} more are smaller` : ""}`}
        height={height}
        options={options}
      />
      <Keys
        of={apart}
        keys={[...new Set(shown.map(({ part }) => part))].map((part) => ({
          label: part,
          color: colorAt(placeOf(part), theme),
        }))}
      />
    </>
  );
}

/** Bars beside each other share a row; runs of the same name do not. */
function rowOf(bar: Bar, at: number, group: string | undefined, apart: string | undefined): string {
  return group === undefined && apart === undefined ? `${bar.label}\n${at}` : bar.label;
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
