/** Runs beside each other: a row for each fact, and whether they differ in it. */
import type { Json } from "../api/http";
import type { Row } from "../api/read";

export interface Fact {
  space: "run" | "config" | "summary";
  key: string;
  /** Of each run; undefined where it has none. */
  values: (Json | undefined)[];
  differs: boolean;
}

/** What the runs table tells of a run besides config and summary. */
export const FACTS = [
  "state",
  "created_at",
  "runtime",
  "group_name",
  "job_type",
  "tags",
  "notes",
  "author",
  "host",
  "program",
  "command",
  "git_commit",
  "python_version",
  "os",
  "gpu_type",
  "gpu_count",
  "cpu_count",
  "client_version",
  "last_step",
];

export function compared(runs: Row[]): Fact[] {
  const config = runs.map(({ config }) => leavesOf(config ?? null));
  const summary = runs.map(({ summary }) => leavesOf(summary ?? null));
  return [
    ...FACTS.map((key) =>
      fact(
        "run",
        key,
        runs.map((row) => (row[key] === null ? undefined : row[key])),
      ),
    ),
    ...keysOf(config).map((key) =>
      fact(
        "config",
        key,
        config.map((leaves) => leaves.get(key)),
      ),
    ),
    ...keysOf(summary).map((key) =>
      fact(
        "summary",
        key,
        summary.map((leaves) => leaves.get(key)),
      ),
    ),
  ].filter(({ values }) => values.some((value) => value !== undefined));
}

function fact(space: Fact["space"], key: string, values: Fact["values"]): Fact {
  return { space, key, values, differs: new Set(values.map((value) => JSON.stringify(value))).size > 1 };
}

function keysOf(runs: Map<string, Json>[]): string[] {
  return [...new Set(runs.flatMap((leaves) => [...leaves.keys()]))].sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  );
}

/** The ends of nested values by their path, without what the client keeps for itself. */
function leavesOf(value: Json, path = "", leaves = new Map<string, Json>()): Map<string, Json> {
  if (value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0) {
    for (const [name, part] of Object.entries(value)) {
      if (path !== "" || !name.startsWith("_")) leavesOf(part, path === "" ? name : `${path}.${name}`, leaves);
    }
  } else if (path !== "") leaves.set(path, value);
  return leaves;
}

/** Facts whose name or some value has the text in it. */
export function searchedFacts(facts: Fact[], typed: string, onlyDifferent: boolean): Fact[] {
  const wanted = typed.trim().toLowerCase();
  return facts.filter(
    ({ space, key, values, differs }) =>
      (!onlyDifferent || differs) &&
      (`${space}.${key}`.toLowerCase().includes(wanted) ||
        values.some((value) => value !== undefined && JSON.stringify(value).toLowerCase().includes(wanted))),
  );
}
