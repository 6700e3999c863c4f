/** The table's data for React: rows of a project at one position, kept fresh by events. */
import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { Chosen } from "../../api/runs";
import { runsPage } from "../../api/runs";
import { spelled } from "../../model/columns";
import type { Source, Wanted } from "../../model/pagedRows";
import { PagedRows } from "../../model/pagedRows";

/** Where rows that are chosen so come from. */
export function sourceOf({ project, filter, sort, group }: Chosen): Source {
  const sorted = sort.map((key) => (key.startsWith("-") ? `-${spelled(key.slice(1))}` : spelled(key)));
  const grouped = group.map(spelled);
  return (columns, offset, limit, lsn, signal) =>
    runsPage(
      {
        project,
        filter,
        sort: sorted,
        group: grouped,
        columns: columns.filter((id) => !group.includes(id)).map(spelled),
        offset,
        limit,
        lsn,
      },
      signal,
    );
}

/** Rows from a source; read anew when the source changes. */
export function usePagedRows(source: Source, wanted: Wanted, lsn: number | null = null): PagedRows {
  const rows = useMemo(() => new PagedRows(), []);
  useSyncExternalStore(rows.subscribe, rows.version);
  const wantedText = JSON.stringify(wanted);
  useEffect(() => rows.want(JSON.parse(wantedText) as Wanted), [rows, wantedText]);
  useEffect(() => rows.open(source, lsn), [rows, source, lsn]);
  useEffect(() => () => rows.close(), [rows]);
  return rows;
}
