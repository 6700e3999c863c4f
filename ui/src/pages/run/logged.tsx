/** Panels of a run besides its metrics: its custom charts and its tables. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { runCharts } from "../../api/customCharts";
import type { Run, RunId } from "../../api/run";
import { colorAt } from "../../charts/colors";
import { Frame } from "../../charts/Frame";
import { useTheme } from "../../components/theme";
import type { CustomChart } from "../../model/customCharts";
import type { TableRef } from "../../model/logTable";
import { tablesIn } from "../../model/logTable";

const CustomPlot = lazy(() => import("../../charts/CustomPlot"));
const TablePanel = lazy(() => import("./TablePanel"));

/** What is logged beside metrics; of a chart the table that it draws. */
export type LoggedPanel = { title: string; table: TableRef; chart: CustomChart | null };

/** Custom charts, and the tables that are not theirs. */
export function useLogged(id: RunId, run: Run, isWanted: boolean): { charts: LoggedPanel[]; tables: LoggedPanel[] } {
  const tables = useMemo(() => tablesIn(run.summary), [run.summary]);
  const found = useQuery({ ...runCharts(id), enabled: isWanted && tables.length > 0 });
  return useMemo(() => {
    if (!isWanted) return { charts: [], tables: [] };
    const byKey = new Map(tables.map((table) => [table.key, table]));
    const charts = (found.data ?? []).flatMap((chart): LoggedPanel[] => {
      const table = byKey.get(chart.table);
      return table === undefined ? [] : [{ title: chart.title, table, chart }];
    });
    const drawn = new Set(charts.map(({ table }) => table.key));
    const rest = tables.filter(({ key }) => !drawn.has(key));
    return { charts, tables: rest.map((table) => ({ title: table.key, table, chart: null })) };
  }, [tables, found.data, isWanted]);
}

export function LoggedFrame({ id, run, panel }: { id: RunId; run: Run; panel: LoggedPanel }) {
  const theme = useTheme();
  const { title, table, chart } = panel;
  const sources = useMemo(
    () => [{ id, name: run.name, color: colorAt(0, theme), table }],
    [id, run.name, theme, table],
  );
  return (
    <Frame title={title} height={240}>
      {(room) =>
        room.wasSeen && (
          <Suspense fallback={<div className="skeleton" style={{ height: room.height }} />}>
            {chart === null ? (
              <TablePanel id={id} table={table} room={room} />
            ) : (
              <CustomPlot chart={chart} sources={sources} room={room} />
            )}
          </Suspense>
        )
      }
    </Frame>
  );
}
