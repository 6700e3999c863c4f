/** The tables that the drawn runs logged under one key, as one: filtered, sorted, and compared by class. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { loggedTable, TABLE_BYTES_MAX } from "../../../api/customCharts";
import { loggedValues } from "../../../api/logged";
import { colorAt } from "../../../charts/colors";
import { DataTable } from "../../../components/DataTable";
import { Told } from "../../../components/States";
import { StepSlider } from "../../../components/StepSlider";
import { counted, formatBytes, formatNumber } from "../../../model/format";
import { byClass, fitting, joined, ROWS_MAX, withinBytes } from "../../../model/joinedTable";
import type { Table, TableRef } from "../../../model/logTable";
import { tableRef } from "../../../model/logTable";
import { byRun, heldAt, stepsIn } from "../../../model/loggedValues";
import type { Panel } from "../../../model/panel";
import type { KindProps } from "../RunPanel";
import type { Scene } from "../scene";
import type { Listed } from "../selection";
import { TableFilters } from "./TableFilters";

/** Runs whose tables are joined. */
const RUNS = 20;
const SLIDER = 30;
const LINE = 22;

export function TablesPanel({ panel, title, room, scene, onPanel }: Omit<KindProps, "runs">) {
  const { project, at, address, theme } = scene;
  const key = panel.keys?.[0] ?? "";
  const drawn = scene.runs.slice(0, RUNS);
  const found = useQuery(
    loggedValues(
      project,
      drawn.map(({ id }) => id),
      key,
      at,
    ),
  );
  const logged = useMemo(() => byRun(found.data?.values ?? [], (value) => tableRef(key, value)), [found.data, key]);
  const steps = stepsIn(logged.values());
  const having = drawn.flatMap((run): { run: Listed; table: TableRef }[] => {
    const held = heldAt(logged.get(run.id) ?? [], address.step);
    return held === undefined ? [] : [{ run, table: held.value }];
  });
  const within = having.slice(
    0,
    withinBytes(
      having.map(({ table }) => table),
      TABLE_BYTES_MAX,
    ),
  );
  const tables = useQueries({
    queries: within.map(({ run, table }) => loggedTable({ project, run: run.id }, table)),
    combine: (results) => ({
      failed: results.find(({ isError }) => isError)?.error ?? null,
      tables: results.map(({ data }) => data),
    }),
  });
  if (key === "") return <div className="panel-empty">Edit this panel to choose what it shows</div>;
  if (drawn.length === 0) return <div className="panel-empty">No run is shown</div>;
  const failed = found.error ?? tables.failed;
  if (failed !== null) return <Told error={failed} />;
  if (found.data === undefined || tables.tables.includes(undefined))
    return <div className="skeleton" style={{ height: room.height }} />;
  if (steps.length === 0) return <div className="panel-empty">No run that is shown has it</div>;
  const isStepped = steps.length > 1;
  return (
    <div className="table-panel" style={{ height: room.height }}>
      {isStepped && <StepSlider steps={steps} step={address.step} onStep={scene.onStep} />}
      <JoinedTable
        title={title}
        height={room.height - (isStepped ? SLIDER : 0)}
        runs={within.map(({ run }) => run)}
        tables={tables.tables as Table[]}
        left={{ drawn: scene.runs.length, tooLarge: having.length - within.length }}
        panel={panel}
        onPanel={onPanel}
        theme={theme}
      />
    </div>
  );
}

interface JoinedTableProps {
  title: string;
  height: number;
  /** Runs with the table of each. */
  runs: Listed[];
  tables: Table[];
  left: { drawn: number; tooLarge: number };
  panel: Panel;
  onPanel: (changed: Partial<Panel>) => void;
  theme: Scene["theme"];
}

function JoinedTable({ title, height, runs, tables, left, panel, onPanel, theme }: JoinedTableProps) {
  const namesText = JSON.stringify(namesOf(runs));
  const all = useMemo(() => {
    const names = JSON.parse(namesText) as string[];
    return joined(tables.map((table, place) => ({ run: names[place] ?? "", table })));
  }, [tables, namesText]);
  const { where, group } = panel;
  const shown = useMemo(() => {
    const fit = fitting(all.table, where ?? []);
    return group === undefined ? fit : byClass(fit, group);
  }, [all, where, group]);
  const colors = useMemo(
    () => new Map(namesOf(runs).map((name, place) => [name, colorAt(runs[place]?.place ?? 0, theme)])),
    [runs, theme],
  );
  const told = leftOut(left.drawn, left.tooLarge, all.left);
  return (
    <>
      {told !== "" && (
        <p className="chart-told cut" title={told} role="status">
          {told}
        </p>
      )}
      <DataTable
        title={title}
        table={shown}
        height={height - (told === "" ? 0 : LINE)}
        tools={<TableFilters title={title} table={all.table} panel={panel} onPanel={onPanel} />}
        colors={{ column: group === undefined ? 0 : 1, of: colors }}
        sorted={{ by: panel.sort, onSort: (sort) => onPanel({ sort }) }}
      />
    </>
  );
}

/** Names of runs, with the id where several are called the same. */
function namesOf(runs: Listed[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of runs) counts.set(name, (counts.get(name) ?? 0) + 1);
  return runs.map(({ id, name }) => ((counts.get(name) ?? 0) > 1 ? `${name} (${id})` : name));
}

/** What of the runs' tables is not in the panel, in words; "" where all is. */
function leftOut(drawn: number, tooLarge: number, rows: number): string {
  const parts = [
    drawn > RUNS ? `the first ${RUNS} of ${counted(drawn, "run")} that are drawn` : "",
    tooLarge > 0 ? `${counted(tooLarge, "table")} left out: all together are over ${formatBytes(TABLE_BYTES_MAX)}` : "",
    rows > 0 ? `the first ${formatNumber(ROWS_MAX)} rows, ${counted(rows, "more is", "more are")} left out` : "",
  ].filter((part) => part !== "");
  return parts.join("; ");
}
