/** What roles there are, how long keys work, and what projects take. */

/** As docs/people.md has them; `none` takes a role away. */
export const ROLES = ["reader", "ingest-only", "writer", "admin"] as const;

export const LIFETIMES: { label: string; days: number | null }[] = [
  { label: "Never", days: null },
  { label: "After a day", days: 1 },
  { label: "After 30 days", days: 30 },
  { label: "After 90 days", days: 90 },
  { label: "After a year", days: 365 },
];

/** What a project keeps. */
export interface Usage {
  project: string;
  runs: number;
  /** Values of metrics, of the history and of the machine. */
  values: number;
  /** Bytes of files of runs. */
  files: number;
  /** Bytes of versions of artifacts; a content that several have counts each time. */
  artifacts: number;
}

/** One row for each project, from counts that are told apart; the largest first. */
export function usages(
  projects: { project: string; runs: number }[],
  counts: Record<"values" | "files" | "artifacts", Map<string, number>>,
): Usage[] {
  return projects
    .map(({ project, runs }) => ({
      project,
      runs,
      values: counts.values.get(project) ?? 0,
      files: counts.files.get(project) ?? 0,
      artifacts: counts.artifacts.get(project) ?? 0,
    }))
    .sort((a, b) => b.files + b.artifacts - a.files - a.artifacts || b.values - a.values);
}
