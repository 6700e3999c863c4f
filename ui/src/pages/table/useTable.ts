/** The table's data for React: rows of a project at one position, kept fresh by events. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { Row } from "../../api/read";
import type { Chosen } from "../../api/runs";
import { runsPage } from "../../api/runs";
import { spelled } from "../../model/columns";
import { equals, narrowed } from "../../model/filter";
import type { Source, Wanted } from "../../model/pagedRows";
import { PagedRows } from "../../model/pagedRows";

/** Where rows that are chosen so come from. */
export function sourceOf({ project, filter, sort, group }: Chosen, at?: string): Source {
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
        at,
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

/** The run that others are measured by, with the columns that are shown; null where there is none. */
export function useBaseline(
  project: string,
  id: string | undefined,
  at: string | undefined,
  blocks: string[][],
): Row | null {
  const columns = [...new Set(["name", ...blocks.flat()])].map(spelled);
  const found = useQuery({
    queryKey: ["runs", "rows", "baseline", project, id, at, columns],
    queryFn: ({ signal }) =>
      runsPage(
        {
          project,
          filter: narrowed("", equals("run_id", id)),
          sort: [],
          group: [],
          columns,
          offset: 0,
          limit: 1,
          lsn: null,
          at,
        },
        signal,
      ),
    enabled: id !== undefined,
    placeholderData: keepPreviousData,
  });
  return id === undefined ? null : (found.data?.rows[0] ?? null);
}
