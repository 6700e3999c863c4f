/** Projects, with what their runs are at. */
import { queryOptions } from "@tanstack/react-query";
import { number, text, textOrNull } from "./read";
import { ofProject } from "./runs";
import { select } from "./sql";

export interface Project {
  entity: string;
  project: string;
  runs: number;
  /** How many runs are in each state. */
  states: Record<string, number>;
  lastHeard: string | null;
  /** Runs begun on each of the last days, the oldest first. */
  activity: number[];
}

export const DAYS = 30;

export const projects = queryOptions({
  queryKey: ["projects"],
  queryFn: async ({ signal }): Promise<Project[]> => {
    const [all, states, days] = await Promise.all([
      select("SELECT entity, project, runs, created_at FROM projects ORDER BY entity, project", signal),
      select(
        "SELECT entity, project, state, count(*) AS runs, max(heartbeat_at) AS heard FROM runs GROUP BY entity, project, state",
        signal,
      ),
      select(
        `SELECT entity, project, date_trunc('day', created_at) AS day, count(*) AS runs FROM runs
         WHERE created_at >= now() - INTERVAL '${DAYS} days' GROUP BY 1, 2, 3`,
        signal,
      ),
    ]);
    const found = new Map<string, Project>();
    for (const row of all) {
      const [entity, project] = [text(row.entity), text(row.project)];
      found.set(`${entity}/${project}`, {
        entity,
        project,
        runs: 0,
        states: {},
        lastHeard: textOrNull(row.created_at),
        activity: Array<number>(DAYS).fill(0),
      });
    }
    for (const row of states) {
      const project = found.get(`${text(row.entity)}/${text(row.project)}`);
      if (project === undefined) continue;
      project.states[text(row.state)] = number(row.runs);
      project.runs += number(row.runs);
      const heard = textOrNull(row.heard);
      if (heard !== null && (project.lastHeard === null || heard > project.lastHeard)) project.lastHeard = heard;
    }
    const today = Math.floor(Date.now() / 86_400_000);
    for (const row of days) {
      const project = found.get(`${text(row.entity)}/${text(row.project)}`);
      const age = today - Math.floor(Date.parse(text(row.day)) / 86_400_000);
      if (project !== undefined && age >= 0 && age < DAYS) project.activity[DAYS - 1 - age] = number(row.runs);
    }
    return [...found.values()].sort((a, b) => (b.lastHeard ?? "").localeCompare(a.lastHeard ?? ""));
  },
});

/** Whether there is such a project. */
export const projectExists = (project: string) =>
  queryOptions({
    queryKey: ["project", project],
    queryFn: async ({ signal }) =>
      (await select(`SELECT project FROM projects WHERE ${ofProject(project)}`, signal)).length > 0,
    staleTime: 60_000,
  });
