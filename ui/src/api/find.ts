/** Runs of any project by a part of their name or their id, the newest first. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { text } from "./read";
import { literal, select } from "./sql";

export interface FoundRun {
  entity: string;
  project: string;
  run: string;
  name: string;
}

export const runsFound = (typed: string) =>
  queryOptions({
    queryKey: ["find", typed],
    queryFn: async ({ signal }): Promise<FoundRun[]> => {
      const like = typed.replace(/[\\%_]/g, (sign) => `\\${sign}`);
      const sql = `SELECT entity, project, run_id, name FROM runs WHERE name ILIKE ${literal(`%${like}%`)} OR run_id = ${literal(typed)} ORDER BY created_at DESC LIMIT 8`;
      return (await select(sql, signal)).map((row) => ({
        entity: text(row.entity),
        project: text(row.project),
        run: text(row.run_id),
        name: text(row.name),
      }));
    },
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
