/** Charts of `wandb.plot.*` and tables that runs logged. */
import { queryOptions } from "@tanstack/react-query";
import type { CustomChart } from "../model/customCharts";
import { chartsIn } from "../model/customCharts";
import type { Table, TableRef } from "../model/logTable";
import { readTable, tableRef } from "../model/logTable";
import { graphql, nodesOf } from "./graphql";
import type { Json } from "./http";
import { ApiError, send } from "./http";
import { member, text } from "./read";
import type { RunId } from "./run";
import { fileAddress } from "./run";
import { ofProject } from "./runs";
import { asOf, literal, quoted, select } from "./sql";

function visualizeIn(run: Json | undefined): Json | undefined {
  const config = text(member(run, "wandbConfig"));
  return config === "" ? undefined : member(JSON.parse(config) as Json, "visualize");
}

const OF_RUN = `query RunCharts($entity: String, $project: String, $run: String!) {
  project(entityName: $entity, name: $project) { run(name: $run) { wandbConfig(keys: ["visualize"]) } } }`;

/** The charts that a run logged. */
export const runCharts = (id: RunId) =>
  queryOptions({
    queryKey: ["run", id.project, id.run, "keys", "custom"],
    queryFn: async ({ signal }) => {
      const [entity = "", project = ""] = id.project.split("/");
      const data = await graphql(OF_RUN, { entity, project, run: id.run }, signal);
      return chartsIn(visualizeIn(member(member(data, "project"), "run")));
    },
  });

const OF_RUNS = `query RunsCharts($entity: String, $project: String, $filters: JSONString, $first: Int) {
  project(entityName: $entity, name: $project) { runs(filters: $filters, first: $first) {
    edges { node { name wandbConfig(keys: ["visualize"]) } } } } }`;

/** The charts that runs logged, by the runs' ids. */
export const runsCharts = (path: string, runs: string[]) =>
  queryOptions({
    queryKey: ["custom charts", path, runs],
    queryFn: async ({ signal }) => {
      const [entity = "", project = ""] = path.split("/");
      const filters = JSON.stringify({ name: { $in: runs } });
      const data = await graphql(OF_RUNS, { entity, project, filters, first: runs.length }, signal);
      const found = nodesOf(member(member(data, "project"), "runs"));
      return new Map(
        found.map((run): [string, CustomChart[]] => [text(member(run, "name")), chartsIn(visualizeIn(run))]),
      );
    },
    staleTime: 30_000,
  });

/** The table that each of some runs has under a key, now or at a moment. */
export const tableRefs = (project: string, runs: string[], key: string, at?: string) =>
  queryOptions({
    queryKey: ["runs", "rows", "table", project, runs, key, at],
    queryFn: async ({ signal }) => {
      const sql = `SELECT run_id, summary.${quoted(key)} AS told FROM runs
        WHERE ${ofProject(project)} AND run_id IN (${runs.map(literal).join(", ")})`;
      const found = await select(sql, signal, asOf(at));
      return new Map(
        found.flatMap((row): [string, TableRef][] => {
          const ref = tableRef(key, row.told);
          return ref === null ? [] : [[text(row.run_id), ref]];
        }),
      );
    },
    enabled: runs.length > 0,
  });

/** Larger ones are not read into a page. */
export const TABLE_BYTES_MAX = 32 << 20;

/** The rows of a table. Its name has a hash of what is in it, so it never changes. */
export const loggedTable = (id: RunId, { path, bytes }: TableRef) =>
  queryOptions({
    queryKey: ["table", id.project, id.run, path],
    queryFn: async ({ signal }): Promise<Table> => {
      if (bytes > TABLE_BYTES_MAX)
        throw new ApiError("the table is too large to be shown", "invalid", "the Files tab has it to download");
      const address = await fileAddress(id, path, signal);
      const content = await (await send(address, { method: "GET", accept: "*/*", signal })).text();
      const table = readTable(content);
      if (table === null) throw new ApiError(`${path} is no table`, "damaged");
      return table;
    },
    staleTime: Infinity,
  });
