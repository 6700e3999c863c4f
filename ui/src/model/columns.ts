/**
 * Columns of the runs table: those that every run has, and the keys of config and summary.
 *
 * The id of a column is its name in an answer (`summary.val/acc`); `spelled` is how a request names it.
 */
import type { Key } from "../api/runs";

export type ColumnKind = "text" | "number" | "time" | "span" | "state" | "tags" | "value";

export interface Column {
  id: string;
  label: string;
  /** Where it stands in the chooser: `run`, `config` or `summary`. */
  space: "run" | "config" | "summary";
  kind: ColumnKind;
  width: number;
}

/** [name in `runs`, label, kind, width, shown where nobody chose] */
const FIXED: [string, string, ColumnKind, number, boolean][] = [
  ["name", "Name", "text", 220, true],
  ["state", "State", "state", 104, true],
  ["tags", "Tags", "tags", 150, true],
  ["created_at", "Created", "time", 104, true],
  ["runtime", "Runtime", "span", 92, true],
  ["author", "User", "text", 90, true],
  ["group_name", "Group", "text", 120, true],
  ["job_type", "Job type", "text", 90, true],
  ["notes", "Notes", "text", 160, true],
  ["last_step", "Steps", "number", 80, false],
  ["run_id", "ID", "text", 100, false],
  ["host", "Host", "text", 120, false],
  ["started_at", "Started", "time", 104, false],
  ["heartbeat_at", "Last heard", "time", 104, false],
  ["finished_at", "Ended", "time", 104, false],
  ["duration", "Time at work", "span", 104, false],
  ["exit_code", "Exit code", "number", 84, false],
  ["program", "Script", "text", 140, false],
  ["command", "Command", "text", 200, false],
  ["git_commit", "Commit", "text", 110, false],
  ["git_remote", "Repository", "text", 180, false],
  ["python_version", "Python", "text", 84, false],
  ["os", "System", "text", 140, false],
  ["gpu_type", "GPU", "text", 120, false],
  ["gpu_count", "GPUs", "number", 70, false],
  ["cpu_count", "CPUs", "number", 70, false],
  ["client_version", "Client", "text", 80, false],
  ["sweep_id", "Sweep", "text", 100, false],
  ["history_rows", "Rows", "number", 90, false],
];

const KINDS: Record<string, ColumnKind> = { integer: "number", float: "number", text: "text" };

/** Every column that the runs of a project can have. */
export function columnsOf(keys: Key[]): Column[] {
  const fixed = FIXED.map(([id, label, kind, width]): Column => ({ id, label, space: "run", kind, width }));
  const ofKeys = keys.flatMap(({ space, key, type }): Column[] => {
    if (space !== "config" && space !== "summary") return [];
    const kind = KINDS[type] ?? "value";
    const width = Math.min(
      220,
      Math.max(kind === "number" ? 96 : 110, (space === "config" ? 84 : 34) + key.length * 7),
    );
    return [{ id: `${space}.${key}`, label: key, space, kind, width }];
  });
  return [...fixed, ...ofKeys];
}

/** What is shown until somebody chooses: not what the client keeps for itself. */
export function shownAtFirst(columns: Column[]): string[] {
  const fixed = new Set(FIXED.filter(([, , , , isShown]) => isShown).map(([id]) => id));
  return columns
    .filter(({ id, space, label }) => (space === "run" ? fixed.has(id) : !label.startsWith("_")))
    .map(({ id }) => id);
}

/** A column as the server's language of filters and sorts writes it. */
export function spelled(id: string): string {
  const at = id.indexOf(".");
  const space = id.slice(0, at);
  if (at < 0 || (space !== "config" && space !== "summary")) return id;
  const key = id.slice(at + 1);
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? id : `${space}."${key.replaceAll('"', '""')}"`;
}

/** The id of a column that somebody spelled. */
export function idOf(spelling: string): string {
  const found =
    /^(config|summary|summary_metrics)\.(?:"((?:[^"]|"")*)"|(.+))$/s.exec(spelling) ??
    /^(config|summary|summary_metrics)\['((?:[^']|'')*)'\]$/s.exec(spelling);
  if (found === null) return spelling;
  const space = found[1] === "config" ? "config" : "summary";
  return `${space}.${(found[2] ?? found[3] ?? "").replaceAll('""', '"').replaceAll("''", "'")}`;
}

/** Columns whose label fits what is typed: its letters in their order, the tightest first. */
export function searched(columns: Column[], typed: string): Column[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === "") return columns;
  const ranked = columns.flatMap((column) => {
    const name = column.id.toLowerCase();
    const at = name.indexOf(wanted);
    const rank = at >= 0 ? at : (looseness(name, wanted) ?? -1) + 1000;
    return at >= 0 || rank >= 1000 ? [{ column, rank }] : [];
  });
  return ranked.sort((a, b) => a.rank - b.rank).map(({ column }) => column);
}

/** How many letters lie between those that are wanted; null where they are not all there. */
function looseness(name: string, wanted: string): number | null {
  let [at, gaps] = [0, 0];
  for (const letter of wanted) {
    const next = name.indexOf(letter, at);
    if (next < 0) return null;
    gaps += next - at;
    at = next + 1;
  }
  return gaps;
}
