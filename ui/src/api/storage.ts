/** What the store keeps, by project and, for admins, in all. */
import { queryOptions } from "@tanstack/react-query";
import { usages } from "../model/people";
import type { Row } from "./read";
import { number, text } from "./read";
import { select } from "./sql";

const pathOf = (row: Row) => `${text(row.entity)}/${text(row.project)}`;

export const usage = queryOptions({
  queryKey: ["storage", "projects"],
  queryFn: async ({ signal }) => {
    const counted = async (sql: string) =>
      new Map((await select(sql, signal)).map((row) => [pathOf(row), number(row.amount)]));
    const [projects, values, files] = await Promise.all([
      select("SELECT entity, project, runs, artifact_bytes FROM projects", signal),
      counted("SELECT entity, project, sum(points) AS amount FROM keys GROUP BY entity, project"),
      counted("SELECT entity, project, sum(size) AS amount FROM files GROUP BY entity, project"),
    ]);
    const artifacts = new Map(projects.map((row) => [pathOf(row), number(row.artifact_bytes)]));
    return usages(
      projects.map((row) => ({ project: pathOf(row), runs: number(row.runs) })),
      { values, files, artifacts },
    );
  },
});

/** Bytes of the log and of the table files that it became: for admins. */
export const wholeStore = queryOptions({
  queryKey: ["storage", "store"],
  queryFn: async ({ signal }) => {
    const [log, tables] = await Promise.all([
      select("SELECT sum(coalesce(packed_bytes, bytes)) AS bytes, count(*) AS files FROM wbq.segments", signal),
      select("SELECT sum(bytes) AS bytes, count(*) AS files FROM wbq.table_files", signal),
    ]);
    const told = (row: Row | undefined) => ({ bytes: number(row?.bytes), files: number(row?.files) });
    return { log: told(log[0]), tables: told(tables[0]) };
  },
});
