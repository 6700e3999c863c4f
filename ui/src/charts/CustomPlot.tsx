/** A chart of `wandb.plot.*`, of one run or of several: they come with the library that draws them. */
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { loggedTable } from "../api/customCharts";
import type { RunId } from "../api/run";
import { DataTable } from "../components/DataTable";
import { Told } from "../components/States";
import { useTheme } from "../components/theme";
import type { CustomChart } from "../model/customCharts";
import { dataOf, drawingOf, missingIn } from "../model/customCharts";
import { counted } from "../model/format";
import type { Table, TableRef } from "../model/logTable";
import { colorAt } from "./colors";
import type { Room } from "./Frame";
import { Keys, KEYS_HEIGHT } from "./Keys";
import { Plotted } from "./Plotted";
import type { Part } from "./plotMarks";
import { marksOf } from "./plotMarks";

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
  room: Room;
}

export default function CustomPlot({ chart, sources, room }: CustomPlotProps) {
  const { height } = room;
  const found = useQueries({ queries: sources.map(({ id, table }) => loggedTable(id, table)) });
  const failed = found.find(({ isError }) => isError)?.error;
  const tables = found.map(({ data }) => data);
  if (failed !== undefined && failed !== null) return <Told error={failed} />;
  if (tables.some((table) => table === undefined)) return <div className="skeleton" style={{ height }} />;
  return <Drawn chart={chart} sources={sources} tables={tables as Table[]} room={room} />;
}

const TOLD = 26;

function Drawn({ chart, sources, tables, room }: CustomPlotProps & { tables: Table[] }) {
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
        <p className="chart-told cut" style={{ height: TOLD }} title={chart.spec}>
          {drawing === null
            ? "Its drawing is not known here. This is its table."
            : `Its table has no column ${missing.join(", ")}.`}
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
