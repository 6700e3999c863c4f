/** Artifacts: collections of a project, their versions, files of a version, and which runs made and use it. */
import { queryOptions } from "@tanstack/react-query";
import { byName, kindOf, refersTo } from "../model/artifacts";
import { allNodes, graphql, nodesOf, pathOf } from "./graphql";
import type { Json } from "./http";
import { ApiError } from "./http";
import { member, number, numberOrNull, rows, text, texts, textOrNull } from "./read";
import type { RunId, StoredFile } from "./run";

/** Entries of one page of an answer, and those that are read in all. */
const PAGE = 500;
const COLLECTIONS_MAX = 5_000;
const VERSIONS_MAX = 2_000;
export const FILES_MAX = 5_000;

/** A run that made or uses an artifact. */
export interface RunLink {
  project: string;
  id: string;
  name: string;
}

export interface Version {
  /** `entity/project`. */
  project: string;
  collection: string;
  kind: string;
  /** `v0`, `v1` …; null until it is whole. */
  version: string | null;
  aliases: string[];
  digest: string;
  size: number;
  files: number;
  createdAt: string;
  madeBy: RunLink | null;
  /** Who made it where no run did. */
  author: string | null;
}

const FACTS = `versionIndex digest size fileCount createdAt aliases { alias } artifactType { name }
  artifactSequence { name project { name entityName } }
  createdBy { __typename ... on Run { name displayName project { name entityName } } ... on User { username } }`;

function projectOf(node: Json | undefined): string {
  const project = member(node, "project");
  return `${text(member(project, "entityName"))}/${text(member(project, "name"))}`;
}

function linkOf(run: Json | undefined): RunLink {
  const id = text(member(run, "name"));
  return { project: projectOf(run), id, name: textOrNull(member(run, "displayName")) ?? id };
}

function versionOf(node: Json): Version {
  const sequence = member(node, "artifactSequence");
  const maker = member(node, "createdBy");
  const index = numberOrNull(member(node, "versionIndex"));
  return {
    project: projectOf(sequence),
    collection: text(member(sequence, "name")),
    kind: text(member(member(node, "artifactType"), "name")),
    version: index === null ? null : `v${index}`,
    aliases: texts(rows(member(node, "aliases")).map(({ alias }) => alias ?? null)),
    digest: text(member(node, "digest")),
    size: number(member(node, "size")),
    files: number(member(node, "fileCount")),
    createdAt: text(member(node, "createdAt")),
    madeBy: member(maker, "__typename") === "Run" ? linkOf(maker) : null,
    author: textOrNull(member(maker, "username")),
  };
}

function variablesOf(project: string): { entity: string; project: string } {
  const [entity = "", name = ""] = project.split("/");
  return { entity, project: name };
}

export interface Collection {
  name: string;
  kind: string;
  versions: number;
  /** The one that was made last. */
  newest: Version | null;
}

const COLLECTIONS = `query Collections($entity: String, $project: String, $first: Int, $after: String) {
  project(entityName: $entity, name: $project) { artifactCollections(first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges { node { name defaultArtifactType { name } artifacts(first: 1) { totalCount edges { node { ${FACTS} } } } } } } } }`;

/** The collections of a project, by name. */
export const collections = (project: string) =>
  queryOptions({
    queryKey: ["artifacts", project, "collections"],
    queryFn: async ({ signal }) => {
      const page = async (after: string | null) => {
        const variables = { ...variablesOf(project), first: PAGE, after };
        const data = await graphql(COLLECTIONS, variables, signal);
        return member(member(data, "project"), "artifactCollections");
      };
      const { nodes, isWhole } = await allNodes(page, COLLECTIONS_MAX);
      const found = nodes.map((node): Collection => {
        const artifacts = member(node, "artifacts");
        const newest = nodesOf(artifacts)[0];
        return {
          name: text(member(node, "name")),
          kind: text(member(member(node, "defaultArtifactType"), "name")),
          versions: number(member(artifacts, "totalCount")),
          newest: newest === undefined ? null : versionOf(newest),
        };
      });
      return { collections: found, isWhole };
    },
  });

const VERSIONS = `query Versions($entity: String, $project: String, $name: String!, $first: Int, $after: String) {
  project(entityName: $entity, name: $project) { artifactCollection(name: $name) { artifacts(first: $first, after: $after) {
    pageInfo { hasNextPage endCursor } edges { node { ${FACTS} } } } } } }`;

/** The versions of a collection, the newest first. */
export const versions = (project: string, name: string) =>
  queryOptions({
    queryKey: ["artifacts", project, "versions", name],
    queryFn: async ({ signal }) => {
      const page = async (after: string | null) => {
        const variables = { ...variablesOf(project), name, first: PAGE, after };
        const collection = member(member(await graphql(VERSIONS, variables, signal), "project"), "artifactCollection");
        if (collection === null || collection === undefined)
          throw new ApiError(`there is no artifact ${name} in ${project}`, "not_found");
        return member(collection, "artifacts");
      };
      const { nodes, isWhole } = await allNodes(page, VERSIONS_MAX);
      return { versions: nodes.map(versionOf), isWhole };
    },
  });

export interface VersionFacts {
  description: string | null;
  metadata: Json;
  tags: string[];
  usedBy: RunLink[];
}

const VERSION = `query Version($entity: String, $project: String, $name: String!) {
  project(entityName: $entity, name: $project) { artifact(name: $name) { description metadata tags { name }
    usedBy { edges { node { name displayName project { name entityName } } } } } } }`;

/** What is known of a version besides what its collection tells. */
export const versionFacts = (project: string, name: string, version: string) =>
  queryOptions({
    queryKey: ["artifacts", project, "version", name, version],
    queryFn: async ({ signal }): Promise<VersionFacts> => {
      const variables = { ...variablesOf(project), name: `${name}:${version}` };
      const artifact = member(member(await graphql(VERSION, variables, signal), "project"), "artifact");
      if (artifact === null || artifact === undefined)
        throw new ApiError(`there is no version ${version} of ${name}`, "not_found");
      return {
        description: textOrNull(member(artifact, "description")),
        metadata: JSON.parse(textOrNull(member(artifact, "metadata")) ?? "{}") as Json,
        tags: texts(rows(member(artifact, "tags")).map((tag) => tag.name ?? null)),
        usedBy: nodesOf(member(artifact, "usedBy")).map(linkOf),
      };
    },
  });

const FILES = `query VersionFiles($entity: String, $project: String, $name: String!, $names: [String!], $first: Int, $after: String) {
  project(entityName: $entity, name: $project) { artifact(name: $name) { files(names: $names, first: $first, after: $after) {
    pageInfo { hasNextPage endCursor } edges { node { name sizeBytes directUrl } } } } } }`;

async function filesPage(project: string, name: string, more: { [name: string]: Json }, signal: AbortSignal) {
  const data = await graphql(FILES, { ...variablesOf(project), name, ...more }, signal);
  return member(member(member(data, "project"), "artifact"), "files");
}

/** The files of a version, by name. */
export const versionFiles = (project: string, name: string, version: string) =>
  queryOptions({
    queryKey: ["artifacts", project, "files", name, version],
    queryFn: async ({ signal }) => {
      const page = (after: string | null) => filesPage(project, `${name}:${version}`, { first: PAGE, after }, signal);
      const { nodes, isWhole } = await allNodes(page, FILES_MAX);
      const files = nodes.map((node): StoredFile => {
        const path = text(member(node, "name"));
        return {
          name: path,
          size: Number(member(node, "sizeBytes") ?? 0),
          kind: kindOf(path),
          updatedAt: null,
          reference: refersTo(text(member(node, "directUrl"))),
        };
      });
      return { files: files.sort(byName), isWhole };
    },
    // A version never changes.
    staleTime: Infinity,
  });

/** The address at which a file of a version can be read for a day, on this server. */
export const versionFileUrl = (project: string, name: string, version: string, file: string) =>
  queryOptions({
    queryKey: ["artifacts", project, "file", name, version, file],
    queryFn: async ({ signal }) => {
      const found = await filesPage(project, `${name}:${version}`, { names: [file] }, signal);
      const url = text(member(nodesOf(found)[0], "directUrl"));
      if (url === "") throw new ApiError(`there is no file ${file}`, "not_found");
      return pathOf(url);
    },
    staleTime: 3_600_000,
  });

const OF_RUN = `query RunArtifacts($entity: String, $project: String, $run: String!, $first: Int) {
  project(entityName: $entity, name: $project) { run(name: $run) {
    inputArtifacts(first: $first) { totalCount edges { node { ${FACTS} } } }
    outputArtifacts(first: $first) { totalCount edges { node { ${FACTS} } } } } } }`;

export interface Listed {
  versions: Version[];
  total: number;
}

/** What a run uses and what it logged. */
export const runArtifacts = (id: RunId) =>
  queryOptions({
    queryKey: ["artifacts", id.project, "run", id.run],
    queryFn: async ({ signal }): Promise<{ used: Listed; logged: Listed }> => {
      const variables = { ...variablesOf(id.project), run: id.run, first: PAGE };
      const run = member(member(await graphql(OF_RUN, variables, signal), "project"), "run");
      const listed = (name: string): Listed => {
        const connection = member(run, name);
        if (connection === undefined || connection === null) return { versions: [], total: 0 };
        return { versions: nodesOf(connection).map(versionOf), total: number(member(connection, "totalCount")) };
      };
      return { used: listed("inputArtifacts"), logged: listed("outputArtifacts") };
    },
  });
