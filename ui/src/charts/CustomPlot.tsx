/** A chart of `wandb.plot.*`, of one run or of several: they come with the library that draws them. */
import { useQueries } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { loggedTable } from "../api/customCharts";
import type { RunId } from "../api/run";
import { DataTable } from "../components/DataTable";
import { Told } from "../components/States";
import { useTheme } from "../components/theme";
import type { CustomChart } from "../model/customCharts";
import { dataOf, drawingOf, missingIn } from "../model/customCharts";
import { counted, formatNumber } from "../model/format";
import { ROWS_MAX } from "../model/joinedTable";
import type { Table, TableRef } from "../model/logTable";
import { readSpec, rowsFor } from "../model/vegaSpec";
import { colorAt } from "./colors";
import type { Room } from "./Frame";
import { Keys, KEYS_HEIGHT } from "./Keys";
import { Plotted } from "./Plotted";
import type { Part } from "./plotMarks";
import { marksOf } from "./plotMarks";

const VegaPlot = lazy(() => import("./VegaPlot"));

/** A run whose table is drawn. */
export interface Source {
  id: RunId;
  name: string;
  color: string;
  table: TableRef;
}

interface CustomPlotProps {
  chart: CustomChart;
  sources: Source[];
  /** The specification that is drawn in the place of the chart's own. */
  spec?: string | undefined;
  room: Room;
}

export default function CustomPlot({ chart, sources, spec, room }: CustomPlotProps) {
  const { height } = room;
  const found = useQueries({ queries: sources.map(({ id, table }) => loggedTable(id, table)) });
  const failed = found.find(({ isError }) => isError)?.error;
  const tables = found.map(({ data }) => data);
  if (failed !== undefined && failed !== null) return <Told error={failed} />;
  if (tables.some((table) => table === undefined)) return <div className="skeleton" style={{ height }} />;
  if (spec !== undefined && tables.length > 0)
    return <Specified chart={chart} sources={sources} tables={tables as Table[]} spec={spec} height={height} />;
  return <Drawn chart={chart} sources={sources} tables={tables as Table[]} room={room} />;
}

const TOLD = 26;

interface SpecifiedProps {
  chart: CustomChart;
  sources: Source[];
  tables: Table[];
  spec: string;
  height: number;
}

/** Drawn as somebody specified it. */
function Specified({ chart, sources, tables, spec, height }: SpecifiedProps) {
  const { fields, strings } = chart;
  const read = useMemo(() => readSpec(spec, { fields, strings }), [spec, fields, strings]);
  const { rows, left } = useMemo(() => {
    const drawn = tables.map((table, at) => {
      const { id, name = "", color = "" } = sources[at] ?? {};
      return { id: id?.run ?? "", name, color, table };
    });
    return rowsFor(drawn, ROWS_MAX);
  }, [tables, sources]);
  if ("error" in read) {
    return (
      <p className="told bad vega-told" role="alert">
        {read.error}
      </p>
    );
  }
  return (
    <Suspense fallback={<div className="skeleton" style={{ height }} />}>
      {left > 0 && (
        <p className="chart-told cut" style={{ height: TOLD }} role="status">
          The first {formatNumber(ROWS_MAX)} rows; {counted(left, "more is", "more are")} left out.
        </p>
      )}
      <VegaPlot
        label={`${chart.title} as specified, of ${counted(sources.length, "run")}`}
        height={height - (left > 0 ? TOLD : 0)}
        read={read}
        rows={rows}
      />
    </Suspense>
  );
}

function Drawn({ chart, sources, tables, room }: Omit<CustomPlotProps, "spec"> & { tables: Table[] }) {
  const theme = useTheme();
  const drawing = useMemo(() => drawingOf(chart), [chart]);
  const [first] = tables;
  const missing = drawing === null || first === undefined ? [] : missingIn(first, drawing);
  const isOne = sources.length === 1;
  const parts = useMemo(() => {
    if (drawing === null) return [];
    return tables.flatMap((table, at): Part[] => {
      const { name = "", color = "" } = sources[at] ?? {};
      const data = dataOf(table, drawing);
      if (drawing.shape === "matrix" || drawing.shape === "bar") return [{ label: name, color, data }];
      const series = [...new Set(data.map(({ series }) => series))];
      return series.map((one, place) => ({
        label: isOne ? one || name : one === "" ? name : `${name} ${one}`,
        color: isOne ? colorAt(place, theme) : color,
        data: data.filter(({ series }) => series === one),
        ...(isOne || place === 0 ? {} : { dash: `${7 - Math.min(5, place)},3` }),
      }));
    });
  }, [drawing, tables, sources, isOne, theme]);
  if (first === undefined) return <div className="panel-empty">No run that is shown has it</div>;
  if (drawing === null || missing.length > 0) {
    return (
      <>
        <p className="chart-told cut" style={{ height: TOLD }} title={drawing === null ? notDrawn(chart) : chart.spec}>
          {drawing === null ? notDrawn(chart) : `Its table has no column ${missing.join(", ")}.`}
        </p>
        <DataTable title={chart.title} table={first} height={room.height - TOLD} />
      </>
    );
  }
  const hasKeys = parts.length > 1 && drawing.shape !== "matrix";
  const plotted = room.height - (hasKeys ? KEYS_HEIGHT : 0);
  const what = sources.length === 1 ? "" : ` of ${counted(sources.length, "run")}`;
  return (
    <>
      <Marks
        chart={chart}
        parts={parts}
        shape={drawing}
        height={plotted}
        label={`${chart.title}: ${nounOf(drawing.shape)}${what}`}
      />
      {hasKeys && <Keys of={chart.title} keys={parts.map(({ label, color }) => ({ label, color }))} />}
    </>
  );
}

/** Why a chart is shown as its table. The client sends the name of a specification, and never what it says. */
function notDrawn({ spec }: CustomChart): string {
  return spec === ""
    ? "Edit this panel to specify how its table is drawn. This is the table."
    : `Only the name of its specification was sent: ${spec}. What it says, a panel of the workspace can say. This is its table.`;
}

function nounOf(shape: string): string {
  return (
    { line: "lines", scatter: "points", bar: "bars", histogram: "a histogram", matrix: "a matrix" }[shape] ?? shape
  );
}

interface MarksProps {
  chart: CustomChart;
  parts: Part[];
  shape: NonNullable<ReturnType<typeof drawingOf>>;
  height: number;
  label: string;
}

function Marks({ chart, parts, shape, height, label }: MarksProps) {
  const options = useMemo(() => () => marksOf(shape, parts, chart.labels), [shape, parts, chart]);
  return <Plotted label={label} height={height} options={options} />;
}
