/** What runs logged besides numbers, by steps: media and tables, as the values that stand for them. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { RunValue } from "../model/loggedValues";
import { kindOf } from "../model/loggedValues";
import { number, text } from "./read";
import { ofProject } from "./runs";
import { asOf, literal, quoted, select } from "./sql";

/** Values that are read of all runs together; beyond that the oldest steps are missing, and the panel says so. */
export const VALUES_MAX = 4_000;

/** Keys whose values are looked at to tell what they are. */
const KEYS_MAX = 200;

const among = (runs: string[]) => `run_id IN (${runs.map(literal).join(", ")})`;

/** What runs have under a key at each step, in the order of steps. */
export const loggedValues = (project: string, runs: string[], key: string, at?: string) =>
  queryOptions({
    queryKey: ["logged", project, runs, key, at],
    queryFn: async ({ signal }) => {
      const sql = `SELECT run_id, step, json_value FROM points WHERE ${ofProject(project)} AND ${among(runs)}
        AND key = ${literal(key)} AND (json_value->>'_type') IS NOT NULL ORDER BY step DESC, lsn DESC LIMIT ${VALUES_MAX}`;
      const found = await select(sql, signal, asOf(at));
      const values = found.reverse().map((row): RunValue => ({
        run: text(row.run_id),
        step: number(row.step),
        value: row.json_value ?? null,
      }));
      return { values, isWhole: found.length < VALUES_MAX };
    },
    enabled: runs.length > 0 && key !== "",
    placeholderData: keepPreviousData,
  });

export interface LoggedKeys {
  media: string[];
  tables: string[];
}

/** Which of some keys of summaries are media or tables in any of the runs. */
export const loggedKeys = (project: string, runs: string[], keys: string[], at?: string) =>
  queryOptions({
    queryKey: ["logged", project, runs, "kinds", keys, at],
    queryFn: async ({ signal }): Promise<LoggedKeys> => {
      const asked = keys.slice(0, KEYS_MAX);
      const columns = asked.map((key, place) => `max(summary.${quoted(key)}->>'_type') AS k${place}`);
      const sql = `SELECT ${columns.join(", ")} FROM runs WHERE ${ofProject(project)} AND ${among(runs)}`;
      const [row] = await select(sql, signal, asOf(at));
      const ofKind = (kind: "media" | "table") =>
        asked.filter((_, place) => kindOf(text(row?.[`k${place}`])) === kind).sort();
      return { media: ofKind("media"), tables: ofKind("table") };
    },
    enabled: runs.length > 0 && keys.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
