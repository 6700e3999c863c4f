/** Runs as a file: those that the filter chooses or those that are ticked, with the columns that are shown. */
import { useState } from "react";
import { runsFile } from "../../api/runs";
import { Menu } from "../../components/Menu";
import { save } from "../../components/save";
import type { Condition } from "../../model/filter";
import { narrowed } from "../../model/filter";
import { spelled } from "../../model/columns";

const FORMATS = [
  ["CSV", "csv", "text/csv"],
  ["Parquet", "parquet", "application/vnd.apache.parquet"],
] as const;

interface ExportProps {
  project: string;
  filter: string;
  sort: string[];
  at: string | undefined;
  /** Ids of columns. */
  columns: string[];
  /** Ids of runs; null for all that the filter chooses. */
  ids: string[] | null;
  className: string;
  onError: (error: Error | null) => void;
}

export function Export({ project, filter, sort, at, columns, ids, className, onError }: ExportProps) {
  const [isBusy, setBusy] = useState(false);
  const write = async (ending: string, media: string) => {
    setBusy(true);
    onError(null);
    try {
      const asked = {
        project,
        filter: ids === null ? filter : narrowed("", among(ids)),
        sort: sort.map((key) => (key.startsWith("-") ? `-${spelled(key.slice(1))}` : spelled(key))),
        group: [],
        columns: columns.map(spelled),
        at,
      };
      save(`${project.split("/").at(-1) ?? "runs"}.${ending}`, await runsFile(asked, media));
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Menu
      label={ids === null ? "Export runs" : "Export chosen runs"}
      className={className}
      trigger={isBusy ? "Writing…" : "Export"}
      items={FORMATS.map(([label, ending, media]) => ({
        label,
        note: ids === null ? "all runs" : "chosen runs",
        isDisabled: isBusy,
        onSelect: () => void write(ending, media),
      }))}
    />
  );
}

export function among(ids: string[]): Condition {
  return { is: "condition", column: "run_id", operator: "in", values: ids.map((text) => ({ text, isQuoted: true })) };
}
