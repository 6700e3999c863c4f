/** Which runs a workspace shows: those that the filter chooses, that fit the search, and whose eye is open. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { text } from "../../api/read";
import { runsPage } from "../../api/runs";
import { textFits } from "../../model/sections";

/** The newest runs that the filter chooses; more lines than that nobody can tell apart. */
export const RUNS_MAX = 100;

export interface Listed {
  id: string;
  name: string;
  state: string;
  /** Counted from the oldest, so that a new run changes no other's colour. */
  place: number;
}

export const selection = (project: string, filter: string, at?: string) =>
  queryOptions({
    queryKey: ["runs", "selection", project, filter, at],
    queryFn: async ({ signal }) => {
      const page = await runsPage(
        { project, filter, sort: [], group: [], columns: ["name", "state"], offset: 0, limit: RUNS_MAX, lsn: null, at },
        signal,
      );
      const runs = page.rows.map((row, index): Listed => ({
        id: text(row.run_id),
        name: text(row.name),
        state: text(row.state),
        place: page.total - 1 - index,
      }));
      return { runs, total: page.total };
    },
    placeholderData: keepPreviousData,
  });

/** Runs whose name or id fits what is searched for. */
export function listed(runs: Listed[], find: string): Listed[] {
  const fits = textFits(find);
  return find.trim() === "" ? runs : runs.filter(({ name, id }) => fits(name) || fits(id));
}

/** Runs whose eye is open. */
export function drawn(runs: Listed[], hidden: string[]): Listed[] {
  const closed = new Set(hidden);
  return runs.filter(({ id }) => !closed.has(id));
}
