/** A custom chart of the first runs that are drawn and have it. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runsCharts, tableRefs } from "../../../api/customCharts";
import { colorAt } from "../../../charts/colors";
import type { Source } from "../../../charts/CustomPlot";
import CustomPlot from "../../../charts/CustomPlot";
import { chartOfTable } from "../../../model/customCharts";
import { Told } from "../../../components/States";
import type { KindProps } from "../RunPanel";

/** Runs whose tables are read: more in one drawing nobody can tell apart. */
const RUNS = 10;

export function CustomPanel({ panel, room, scene }: Omit<KindProps, "runs">) {
  const { project, runs, theme } = scene;
  const key = panel.keys?.[0];
  const isKnown = panel.spec !== undefined || scene.tables.includes(key ?? "");
  const ids = runs.map(({ id }) => id);
  const charts = useQuery({ ...runsCharts(project, ids), enabled: ids.length > 0 && key !== undefined });
  // What no run has as a chart may be a table, which a specification draws.
  const having = useMemo(() => {
    const found = runs.flatMap((run) => {
      const chart = charts.data?.get(run.id)?.find((one) => one.key === key);
      return chart === undefined ? [] : [{ run, chart }];
    });
    const isTable = charts.data !== undefined && found.length === 0 && key !== undefined && isKnown;
    return isTable ? runs.map((run) => ({ run, chart: chartOfTable(key) })) : found.slice(0, RUNS);
  }, [runs, charts.data, key, isKnown]);
  const chart = having[0]?.chart;
  const tables = useQuery({
    ...tableRefs(
      project,
      having.map(({ run }) => run.id),
      chart?.table ?? "",
      scene.at,
    ),
    enabled: room.wasSeen && chart !== undefined,
  });
  const sources = useMemo(
    () =>
      having
        .flatMap(({ run }): Source[] => {
          const table = tables.data?.get(run.id);
          if (table === undefined) return [];
          return [{ id: { project, run: run.id }, name: run.name, color: colorAt(run.place, theme), table }];
        })
        .slice(0, RUNS),
    [having, tables.data, project, theme],
  );
  const failed = charts.error ?? tables.error;
  if (key === undefined) return <div className="panel-empty">Edit this panel to choose what it shows</div>;
  if (failed !== null) return <Told error={failed} />;
  if (charts.data !== undefined && chart === undefined)
    return <div className="panel-empty">No run that is shown has it</div>;
  if (chart === undefined || tables.data === undefined)
    return <div className="skeleton" style={{ height: room.height }} />;
  return <CustomPlot chart={chart} sources={sources} spec={panel.spec} room={room} />;
}
