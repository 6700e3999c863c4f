/** One run: its row, keys, console, files and events. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Json } from "./http";
import { graphql, pathOf } from "./graphql";
import { ApiError } from "./http";
import type { Row } from "./read";
import { member, number, numberOrNull, rows, text, textOrNull, texts } from "./read";
import { ofProject } from "./runs";
import { literal, select } from "./sql";

export interface RunId {
  project: string;
  run: string;
}

export interface Run {
  id: string;
  generation: number;
  name: string;
  state: string;
  reason: string | null;
  tags: string[];
  notes: string | null;
  config: Json;
  summary: Json;
  runtime: number;
  createdAt: string;
  heardAt: string | null;
  isDeleted: boolean;
  /** All columns of `runs`. */
  row: Row;
}

/** The newest generation of a run; deleted ones too, since their page says so. */
export const run = ({ project, run }: RunId) =>
  queryOptions({
    queryKey: ["run", project, run],
    queryFn: async ({ signal }): Promise<Run> => {
      const sql = `SELECT * FROM runs WHERE ${ofProject(project)} AND run_id = ${literal(run)} ORDER BY generation DESC LIMIT 1`;
      const alive = (await select(sql, signal))[0];
      const row = alive ?? (await select(sql, signal, { include_deleted: true }))[0];
      if (row === undefined)
        throw new ApiError(`there is no run ${run} in ${project}`, "not_found", "it may have been erased");
      return {
        id: text(row.run_id),
        generation: number(row.generation),
        name: text(row.name),
        state: text(row.state),
        reason: textOrNull(row.state_reason),
        tags: texts(row.tags),
        notes: textOrNull(row.notes),
        config: row.config ?? null,
        summary: row.summary ?? null,
        runtime: number(row.runtime),
        createdAt: text(row.created_at),
        heardAt: textOrNull(row.heartbeat_at),
        isDeleted: alive === undefined,
        row,
      };
    },
  });

export function isAtWork(state: string): boolean {
  return state === "Running" || state === "Pending" || state === "Preempting";
}

function ofRun({ project, run }: RunId): string {
  return `${ofProject(project)} AND run_id = ${literal(run)}`;
}

/** Keys that a run logged, of its history or of its machine. */
export const runKeys = (id: RunId, stream: "history" | "system") =>
  queryOptions({
    queryKey: ["run", id.project, id.run, "keys", stream],
    queryFn: async ({ signal }) => {
      const table = stream === "history" ? "points" : "system_points";
      const kept = stream === "history" ? "value IS NOT NULL AND substr(key, 1, 1) <> '_'" : "true";
      const found = await select(
        `SELECT DISTINCT key FROM ${table} WHERE ${ofRun(id)} AND ${kept} ORDER BY key`,
        signal,
      );
      return found.map((row) => text(row.key));
    },
    staleTime: 10_000,
  });

export interface ConsoleLine {
  line: number;
  time: string | null;
  level: string;
  text: string;
}

const LINE = "line, timestamp, level, text";

function readLine(row: Row): ConsoleLine {
  return { line: number(row.line), time: textOrNull(row.timestamp), level: text(row.level), text: text(row.text) };
}

/** How many lines the console has. */
export const consoleLength = (id: RunId) =>
  queryOptions({
    queryKey: ["run", id.project, id.run, "console", "length"],
    queryFn: async ({ signal }) => {
      const found = await select(`SELECT max(line) + 1 AS lines FROM console WHERE ${ofRun(id)}`, signal);
      return numberOrNull(found[0]?.lines) ?? 0;
    },
  });

export const CONSOLE_PAGE = 500;

export const consolePage = (id: RunId, page: number) =>
  queryOptions({
    queryKey: ["run", id.project, id.run, "console", "page", page],
    queryFn: async ({ signal }) => {
      const from = page * CONSOLE_PAGE;
      const sql = `SELECT ${LINE} FROM console WHERE ${ofRun(id)} AND line >= ${from} AND line < ${from + CONSOLE_PAGE} ORDER BY line`;
      return (await select(sql, signal)).map(readLine);
    },
  });

export const CONSOLE_FOUND = 2_000;

/** Lines with a text in them, or written as errors. */
export const consoleFound = (id: RunId, typed: string, onlyErrors: boolean, length: number) =>
  queryOptions({
    queryKey: ["run", id.project, id.run, "console", "found", typed, onlyErrors, length],
    queryFn: async ({ signal }) => {
      const like = typed.replace(/[\\%_]/g, (sign) => `\\${sign}`);
      const conditions = [ofRun(id)];
      if (typed !== "") conditions.push(`text ILIKE ${literal(`%${like}%`)}`);
      if (onlyErrors) conditions.push("level = 'error'");
      const sql = `SELECT ${LINE} FROM console WHERE ${conditions.join(" AND ")} ORDER BY line LIMIT ${CONSOLE_FOUND}`;
      return (await select(sql, signal)).map(readLine);
    },
    placeholderData: keepPreviousData,
  });

/** The first line that was printed at a time or later; null where all were before. */
export async function consoleLineAt(id: RunId, time: string): Promise<number | null> {
  const sql = `SELECT min(line) AS line FROM console WHERE ${ofRun(id)} AND timestamp >= TIMESTAMP ${literal(time)}`;
  return numberOrNull((await select(sql))[0]?.line);
}

/** The whole console, as plain text. */
export async function consoleText(id: RunId): Promise<string> {
  const found = await select(`SELECT text FROM console WHERE ${ofRun(id)} ORDER BY line`);
  return found.map((row) => `${text(row.text)}\n`).join("");
}

export interface StoredFile {
  name: string;
  size: number;
  kind: string;
  updatedAt: string | null;
  /** Where the content is, of an artifact's file that is kept elsewhere. */
  reference?: string | undefined;
}

export const files = (id: RunId) =>
  queryOptions({
    queryKey: ["run", id.project, id.run, "files"],
    queryFn: async ({ signal }): Promise<StoredFile[]> => {
      const found = await select(
        `SELECT name, size, kind, updated_at FROM files WHERE ${ofRun(id)} ORDER BY name`,
        signal,
      );
      return found.map((row) => ({
        name: text(row.name),
        size: number(row.size),
        kind: text(row.kind),
        updatedAt: textOrNull(row.updated_at),
      }));
    },
  });

const FILE_URL = `query FileUrl($entity: String, $project: String, $run: String!, $name: String!) {
  project(entityName: $entity, name: $project) { run(name: $run) { files(names: [$name]) { edges { node { directUrl } } } } } }`;

/** The address at which a file can be read for a day, on this server. */
export async function fileAddress(id: RunId, name: string, signal?: AbortSignal): Promise<string> {
  const [entity = "", project = ""] = id.project.split("/");
  const answer = await graphql(FILE_URL, { entity, project, run: id.run, name }, signal);
  const files = member(member(member(answer, "project"), "run"), "files");
  const url = text(member(member(rows(member(files, "edges"))[0], "node"), "directUrl"));
  if (url === "") throw new ApiError(`there is no file ${name}`, "not_found");
  return pathOf(url);
}

export const fileUrl = (id: RunId, name: string) =>
  queryOptions({
    queryKey: ["run", id.project, id.run, "file", name],
    queryFn: ({ signal }) => fileAddress(id, name, signal),
    staleTime: 3_600_000,
  });

export interface LoggedEvent {
  lsn: number;
  time: string;
  kind: string;
  actor: string | null;
  cause: string | null;
  body: Json;
}

/** Events of a run, the newest first; those that only bring data are many and left out until somebody asks. */
export const runEvents = (id: RunId, withData: boolean) =>
  queryOptions({
    queryKey: ["run", id.project, id.run, "events", withData],
    queryFn: async ({ signal }): Promise<LoggedEvent[]> => {
      const kept = withData ? "true" : "kind NOT IN ('Logged', 'SystemSampled', 'ConsoleWritten', 'Heartbeat')";
      const sql = `SELECT lsn, time, kind, actor, cause, body FROM events WHERE ${ofRun(id)} AND ${kept} ORDER BY lsn DESC LIMIT 1000`;
      return (await select(sql, signal, { include_deleted: true })).map((row) => ({
        lsn: number(row.lsn),
        time: text(row.time),
        kind: text(row.kind),
        actor: textOrNull(row.actor),
        cause: textOrNull(row.cause),
        body: row.body ?? null,
      }));
    },
  });
