/** The runs table: pages and groups of runs at one position of the log, and what can be done to runs. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { FACTS } from "../model/compare";
import type { Json } from "./http";
import { ask, send } from "./http";
import type { Row } from "./read";
import { member, number, numberOrNull, rows, text, texts } from "./read";
import { asOf, literal, select } from "./sql";

/** Which runs, in which order. */
export interface Chosen {
  project: string;
  filter: string;
  sort: string[];
  group: string[];
}

export interface Page {
  lsn: number;
  total: number;
  /** Runs in all groups; that is `total` where there are none. */
  runs: number;
  rows: Row[];
  /** Of groups: the least and greatest of each number column. */
  ranges: Record<string, [number, number]>;
  warnings: string[];
}

export interface PageAsked extends Chosen {
  columns: string[];
  offset: number;
  limit: number;
  lsn: number | null;
  /** The moment that is looked at, where no position is named. */
  at?: string | undefined;
}

function bodyOf({ project, filter, sort, group, columns, offset, limit, lsn, at }: PageAsked): { [key: string]: Json } {
  const moment = lsn === null ? at : `lsn:${lsn}`;
  return {
    project,
    sort,
    group,
    columns,
    offset,
    limit,
    ...(filter.trim() === "" ? {} : { filter }),
    ...(moment === undefined ? {} : { as_of: moment }),
  };
}

export async function runsPage(asked: PageAsked, signal?: AbortSignal): Promise<Page> {
  const answer = await ask("/api/runs", { body: bodyOf(asked), signal });
  const found = rows(member(answer, asked.group.length > 0 ? "groups" : "rows"));
  const total = number(member(answer, "total"));
  return {
    lsn: number(member(answer, "lsn")),
    total,
    runs: numberOrNull(member(answer, "runs")) ?? total,
    rows: found,
    ranges: rangesOf(member(answer, "ranges")),
    warnings: texts(member(answer, "warnings")),
  };
}

/** All rows as a file. */
export async function runsFile(asked: Omit<PageAsked, "offset" | "limit" | "lsn">, media: string): Promise<Blob> {
  const body = bodyOf({ ...asked, offset: 0, limit: FILE_ROWS_MAX, lsn: null });
  return (await send("/api/runs", { body, accept: media })).blob();
}

/** Rows that the server writes into one answer. */
const FILE_ROWS_MAX = 1_000_000;

function rangesOf(told: Json | undefined): Page["ranges"] {
  const ranges: Page["ranges"] = {};
  if (told === null || typeof told !== "object" || Array.isArray(told)) return ranges;
  for (const [column, range] of Object.entries(told)) {
    if (Array.isArray(range)) ranges[column] = [number(range[0]), number(range[1])];
  }
  return ranges;
}

/** Runs whose values a plot can show. */
export const ROWS_MAX = 2_000;

/** The newest runs that a filter chooses, with values of theirs. */
export const runRows = (project: string, filter: string, columns: string[], at?: string) =>
  queryOptions({
    queryKey: ["runs", "rows", project, filter, columns, at],
    queryFn: ({ signal }) =>
      runsPage(
        {
          project,
          filter,
          sort: [],
          group: [],
          columns: ["name", ...columns],
          offset: 0,
          limit: ROWS_MAX,
          lsn: null,
          at,
        },
        signal,
      ),
    placeholderData: keepPreviousData,
  });

/** Runs with all that is known of them, now or at a moment, in the order in which they are named. */
export const comparedRuns = (project: string, ids: string[], at?: string) =>
  queryOptions({
    queryKey: ["runs", "rows", "compared", project, ids, at],
    queryFn: async ({ signal }) => {
      const sql = `SELECT run_id, name, ${FACTS.join(", ")}, config, summary FROM runs WHERE ${ofProject(project)} AND run_id IN (${ids.map(literal).join(", ")})`;
      const found = new Map((await select(sql, signal, asOf(at))).map((row) => [text(row.run_id), row]));
      return ids.map((id) => found.get(id)).filter((row) => row !== undefined);
    },
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
  });

export interface Key {
  space: "config" | "summary" | "history" | "system";
  key: string;
  type: string;
}

/** The keys that the runs of a project have. */
export const projectKeys = (project: string, at?: string) =>
  queryOptions({
    queryKey: ["keys", project, at],
    queryFn: async ({ signal }) => {
      const found = await select(
        `SELECT space, key, type FROM keys WHERE ${ofProject(project)} ORDER BY space, key`,
        signal,
        asOf(at),
      );
      return found.map((row) => ({
        space: text(row.space) as Key["space"],
        key: text(row.key),
        type: text(row.type),
      }));
    },
    staleTime: 30_000,
  });

export function ofProject(project: string): string {
  const [entity = "", name = ""] = project.split("/");
  return `entity = ${literal(entity)} AND project = ${literal(name)}`;
}

/** Where the log of the store ends now, as far as it was heard. */
export async function newestLsn(project: string): Promise<number> {
  const asked = { project, filter: "", sort: [], group: [], columns: [], offset: 0, limit: 1, lsn: null };
  return (await runsPage(asked)).lsn;
}

/** Values of a column that runs have, the most frequent first. */
export async function valuesOf(project: string, column: string, signal?: AbortSignal): Promise<Json[]> {
  const found = await runsPage(
    { project, filter: "", sort: [], group: [column], columns: [], offset: 0, limit: 20, lsn: null },
    signal,
  );
  return found.rows.map((row) => Object.entries(row).find(([name]) => name !== "runs")?.[1] ?? null);
}

export interface Edit {
  name?: string;
  notes?: string;
  group?: string;
  job_type?: string;
  tags_add?: string[];
  tags_remove?: string[];
}

/** What came of a command: whether something changed, and why not. */
export interface Outcome {
  changed: boolean;
  message: string | null;
}

async function command(body: { [key: string]: Json }): Promise<Outcome> {
  const answer = await ask("/api/commands", { body });
  const message = member(answer, "message");
  return { changed: member(answer, "changed") === true, message: typeof message === "string" ? message : null };
}

export const edit = (run: string, edit: Edit) => command({ command: "edit", run, ...edit });
export const stop = (run: string) => command({ command: "stop", run });
export const remove = (run: string) => command({ command: "delete", run });
export const undelete = (run: string) => command({ command: "undelete", run });
