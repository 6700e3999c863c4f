/** What lines are called beside run and metric: what a template says, and what an expression caught of their metrics. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { text } from "../../api/read";
import { runRows } from "../../api/runs";
import type { Look } from "../../charts/Lines";
import { spelled } from "../../model/columns";
import type { PointValue, Template } from "../../model/lineNames";
import { columnsIn, labelOf, metricNames, pointLabelOf, readTemplate, tellsPoints } from "../../model/lineNames";
import type { Panel } from "../../model/panel";
import { textIn } from "../../model/plots";
import type { Scene } from "./scene";

interface Called {
  /** What it is called without a template. */
  label: string;
  name: string;
  run: string;
  group: string | null;
  metric: string;
}

export interface Naming {
  /** Names of metrics, where they have others. */
  metrics: Map<string, string>;
  of: (line: Called) => Pick<Look, "label" | "tell">;
}

export const PLAIN: Naming = { metrics: new Map(), of: ({ label }) => ({ label }) };

/** `group` is the column that runs are grouped by. */
export function useNaming(panel: Panel, metrics: string[], group: string | undefined, scene: Scene): Naming {
  const { names, match } = panel;
  const template = useMemo(() => (names === undefined ? null : readTemplate(names)), [names]);
  const columns = template === null ? [] : columnsIn(template);
  const { data } = useQuery({
    ...runRows(scene.project, scene.address.filter ?? "", columns.map(spelled)),
    enabled: columns.length > 0,
  });
  const metricsText = JSON.stringify([panel.keys ?? [], metrics]);
  return useMemo(() => {
    const [keys, all] = JSON.parse(metricsText) as [string[], string[]];
    const called = metricNames({ kind: "line", keys, match }, all);
    if (template === null) return called.size === 0 ? PLAIN : { ...PLAIN, metrics: called };
    const rows = new Map((data?.rows ?? []).map((row) => [text(row.run_id), row]));
    return { metrics: called, of: (line) => templated(template, line, rows.get(line.run), group) };
  }, [metricsText, match, template, data, group]);
}

type Row = Parameters<typeof textIn>[0]["values"];

function templated(template: Template, called: Called, row: Row | undefined, by: string | undefined) {
  const { label, name, run, group, metric } = called;
  const value = (column: string) => {
    if (group !== null) return column === by ? group : "";
    if (column === "run_id") return run;
    const told = row?.[column];
    if (told === undefined || told === null) return "";
    return Array.isArray(told)
      ? told.map(String).join(", ")
      : textIn({ id: run, name, place: 0, values: row ?? {} }, column);
  };
  const line = { name, group, metric, value };
  const written = labelOf(template, line);
  const own = { label: written === "" ? label : written };
  if (!tellsPoints(template)) return own;
  return { ...own, tell: (point: (value: PointValue) => string) => pointLabelOf(template, line, point) };
}
