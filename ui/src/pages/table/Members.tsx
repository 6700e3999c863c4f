/** The runs of a group that is open, behind its row. */
import { useMemo } from "react";
import type { Wanted } from "../../model/pagedRows";
import { blocksOf, PAGE_ROWS } from "../../model/pagedRows";
import { Cell } from "./cells";
import type { Geometry } from "./Line";
import { Line, ROW } from "./Line";
import { sourceOf, usePagedRows } from "./useTable";

interface MembersProps {
  project: string;
  filter: string;
  sort: string[];
  /** The position at which the groups were read. */
  lsn: number | null;
  runs: number;
  top: number;
  firstLine: number;
  /** The first and last line on the screen. */
  visible: [number, number];
  geometry: Geometry;
}

export function Members({ project, filter, sort, lsn, runs, top, firstLine, visible, geometry }: MembersProps) {
  const sortText = JSON.stringify(sort);
  const source = useMemo(
    () => sourceOf({ project, filter, sort: JSON.parse(sortText) as string[], group: [] }),
    [project, filter, sortText],
  );
  const from = Math.max(0, visible[0] - firstLine);
  const to = Math.min(runs - 1, visible[1] - firstLine);
  const ids = [
    ...geometry.placed.pinned.map(({ id }) => id),
    "state",
    ...geometry.cells.map(({ column }) => column.id),
  ];
  const pages =
    to < from
      ? []
      : Array.from(
          { length: Math.floor(to / PAGE_ROWS) - Math.floor(from / PAGE_ROWS) + 1 },
          (_, page) => Math.floor(from / PAGE_ROWS) + page,
        );
  const wanted: Wanted = { pages, blocks: blocksOf([...new Set(ids)], 48) };
  const rows = usePagedRows(source, wanted, lsn);
  if (to < from) return null;
  return (
    <>
      {Array.from({ length: to - from + 1 }, (_, offset) => {
        const index = from + offset;
        const row = rows.row(index);
        return (
          <Line
            key={index}
            line={firstLine + index}
            top={top + index * ROW}
            geometry={geometry}
            at={null}
            onAt={() => undefined}
            lead={<span className="member-mark" />}
            content={(column) =>
              row === undefined ? null : <Cell row={row} column={column} project={project} baseline={null} />
            }
          />
        );
      })}
    </>
  );
}
