/** Media of a run: what its history says of them, and the addresses of their files. */
import { queryOptions } from "@tanstack/react-query";
import type { LoggedValue } from "../model/media";
import { mediaOf } from "../model/media";
import { graphql, pathOf } from "./graphql";
import { member, number, rows, text } from "./read";
import type { RunId } from "./run";
import { ofProject } from "./runs";
import { literal, select } from "./sql";

/** Values that are read of a run; beyond that the newest steps are missing, and the page says so. */
export const MEDIA_MAX = 4_000;

export const runMedia = (id: RunId) =>
  queryOptions({
    queryKey: ["run", id.project, id.run, "media"],
    queryFn: async ({ signal }) => {
      const sql = `SELECT key, step, json_value FROM points WHERE ${ofProject(id.project)} AND run_id = ${literal(id.run)}
        AND (json_value->>'_type') IS NOT NULL ORDER BY step, key, lsn LIMIT ${MEDIA_MAX}`;
      const found = await select(sql, signal);
      const values = found.map((row): LoggedValue => ({
        key: text(row.key),
        step: number(row.step),
        value: row.json_value ?? null,
      }));
      return { ...mediaOf(values), isWhole: found.length < MEDIA_MAX };
    },
  });

const FILE_URLS = `query FileUrls($entity: String, $project: String, $run: String!, $names: [String!]!, $first: Int) {
  project(entityName: $entity, name: $project) { run(name: $run) { files(names: $names, first: $first) { edges { node { name directUrl } } } } } }`;

/** Addresses of files by their names, for a day; those that are not stored yet have none. */
export const fileUrls = (id: RunId, names: string[]) =>
  queryOptions({
    queryKey: ["run", id.project, id.run, "urls", names],
    queryFn: async ({ signal }) => {
      const [entity = "", project = ""] = id.project.split("/");
      const variables = { entity, project, run: id.run, names, first: names.length };
      const run = member(member(await graphql(FILE_URLS, variables, signal), "project"), "run");
      const nodes = rows(member(member(run, "files"), "edges")).map(({ node }) => node);
      return new Map(nodes.map((node) => [text(member(node, "name")), pathOf(text(member(node, "directUrl")))]));
    },
    enabled: names.length > 0,
    staleTime: 3_600_000,
  });
