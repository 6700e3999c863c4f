/**
 * The grid: only the rows and columns on the screen are in the page, whatever there is. Pinned columns stand still.
 * Arrows move, space ticks, Enter opens.
 */
import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { KeyboardEvent } from "react";
import { useEffect, useMemo, useRef, useState } from "react";
import { ApiError } from "../../api/http";
import type { Row } from "../../api/read";
import { text } from "../../api/read";
import type { Column } from "../../model/columns";
import { equals, narrowed } from "../../model/filter";
import type { OpenGroup } from "../../model/groups";
import { lineAt, lineCount } from "../../model/groups";
import type { Layout, Placed } from "../../model/layout";
import type { PagedRows, Source } from "../../model/pagedRows";
import { PAGE_ROWS } from "../../model/pagedRows";
import type { TableAddress } from "../address";
import { paramsOf } from "../address";
import { Cell, GroupCell } from "./cells";
import { Heads } from "./Heads";
import type { Geometry } from "./Line";
import { Line, ROW } from "./Line";
import { Members } from "./Members";

/** The column of tick boxes, and of the signs that open groups. */
const LEAD = 38;

export interface GridProps {
  project: string;
  columns: Column[];
  placed: Placed;
  address: TableAddress;
  rows: PagedRows;
  source: Source;
  /** What other runs are measured by. */
  baseline: Row | null;
  chosen: Map<string, string>;
  onChosen: (chosen: Map<string, string>) => void;
  onLayout: (layout: Layout) => void;
  onSort: (sort: string[]) => void;
  onGroup: (group: string[]) => void;
  onFilter: (filter: string) => void;
  onSeen: (pages: number[], columns: [number, number]) => void;
}

export function Grid(props: GridProps) {
  const { project, placed, address, rows, baseline, chosen, onChosen, onSeen } = props;
  const group = address.group ?? [];
  const isGrouped = group.length > 0;
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<Map<number, number>>(new Map());
  const [at, setAt] = useState<{ line: number; column: number } | null>(null);
  const [anchor, setAnchor] = useState<number | null>(null);
  const navigate = useNavigate();
  const total = rows.head?.total ?? 0;
  const opened = useMemo(
    (): OpenGroup[] => [...open].map(([index, runs]) => ({ index, runs })).sort((a, b) => a.index - b.index),
    [open],
  );
  const lines = lineCount(total, opened);

  const pinnedWidth = LEAD + placed.pinned.reduce((sum, { width }) => sum + width, 0);
  const across = useVirtualizer({
    horizontal: true,
    count: placed.scrolled.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => placed.scrolled[index]?.width ?? 100,
    scrollPaddingStart: pinnedWidth,
    overscan: 4,
  });
  const down = useVirtualizer({
    count: lines,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollPaddingStart: ROW,
    paddingStart: 0,
  });
  const widths = placed.scrolled.map(({ id, width }) => `${id}:${width}`).join();
  useEffect(() => across.measure(), [across, widths]);

  const visible = down.getVirtualItems();
  const cells = across.getVirtualItems();
  const [firstLine, lastLine] = [visible[0]?.index ?? 0, visible.at(-1)?.index ?? 0];
  const [firstColumn, lastColumn] = [cells[0]?.index ?? 0, cells.at(-1)?.index ?? 0];
  useEffect(() => {
    const rowOf = (line: number) => {
      const found = lineAt(line, opened);
      return found.is === "group" ? found.index : found.group;
    };
    const [from, to] = [Math.floor(rowOf(firstLine) / PAGE_ROWS), Math.floor(rowOf(lastLine) / PAGE_ROWS)];
    onSeen(
      Array.from({ length: to - from + 1 }, (_, page) => from + page),
      [firstColumn, lastColumn],
    );
  }, [firstLine, lastLine, firstColumn, lastColumn, opened, onSeen]);

  const all = [...placed.pinned, ...placed.scrolled];
  const geometry: Geometry = {
    placed,
    cells: cells.flatMap(({ index, start }) => withColumn(placed.scrolled[index], index, start)),
    lead: LEAD,
    pinnedWidth,
    width: pinnedWidth + across.getTotalSize(),
  };

  const tick = (index: number, isRange: boolean) => {
    const next = new Map(chosen);
    const from = isRange && anchor !== null ? Math.min(anchor, index) : index;
    const to = isRange && anchor !== null ? Math.max(anchor, index) : index;
    const first = rows.row(index);
    const isOn = first !== undefined && !chosen.has(text(first.run_id));
    for (let row = from; row <= to; row++) {
      const found = rows.row(row);
      if (found === undefined) continue;
      if (isOn) next.set(text(found.run_id), text(found.name));
      else next.delete(text(found.run_id));
    }
    setAnchor(index);
    onChosen(next);
  };

  const toggle = (index: number, runs: number) => {
    const next = new Map(open);
    if (!next.delete(index)) next.set(index, runs);
    setOpen(next);
  };

  const act = (line: number, key: "Enter" | " ", isRange: boolean) => {
    const found = lineAt(line, opened);
    const row = found.is === "group" ? rows.row(found.index) : isGrouped ? undefined : rows.row(found.index);
    if (row === undefined) return;
    if (isGrouped) toggle(found.index, typeof row.runs === "number" ? row.runs : 0);
    else if (key === " ") tick(found.index, isRange);
    else void navigate({ to: "/$entity/$project/runs/$run", params: paramsOf(project, text(row.run_id)) });
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== event.currentTarget) return;
    const step = STEPS[event.key];
    if (step === undefined && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    const now = at ?? { line: firstLine, column: 0 };
    if (step === undefined) {
      act(now.line, event.key as "Enter" | " ", event.shiftKey);
      return;
    }
    const page = Math.max(1, visible.length - 26);
    const line = clamp(now.line + (step[0] === PAGE ? page : step[0] === -PAGE ? -page : step[0]), lines - 1);
    const column = clamp(now.column + step[1], all.length - 1);
    setAt({ line, column });
    down.scrollToIndex(line);
    if (column >= placed.pinned.length) across.scrollToIndex(column - placed.pinned.length);
  };

  return (
    <div
      ref={scroller}
      className={rows.isOutdated ? "grid outdated" : "grid"}
      role={isGrouped ? "treegrid" : "grid"}
      aria-label="Runs"
      aria-rowcount={lines + 1}
      aria-colcount={all.length + 1}
      aria-activedescendant={at === null ? undefined : `cell-${at.line}-${at.column}`}
      aria-multiselectable={!isGrouped}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onFocus={(event) => event.target === event.currentTarget && at === null && setAt({ line: firstLine, column: 0 })}
    >
      <Heads {...props} geometry={geometry} isGrouped={isGrouped} />
      <div role="rowgroup" className="grid-body" style={{ height: lines * ROW, width: geometry.width }}>
        {visible.map(({ index: line, start }) => {
          const found = lineAt(line, opened);
          if (found.is === "run") return null;
          const row = rows.row(found.index);
          const id = text(row?.run_id);
          const isChosen = !isGrouped && chosen.has(id);
          const isOpen = open.has(found.index);
          return (
            <Line
              key={line}
              line={line}
              top={start}
              geometry={geometry}
              at={at?.line === line ? at.column : null}
              onAt={(column) => setAt({ line, column })}
              isChosen={isGrouped ? undefined : isChosen}
              isOpen={isGrouped ? isOpen : undefined}
              lead={
                row !== undefined &&
                (isGrouped ? (
                  <button
                    type="button"
                    className="opener"
                    tabIndex={-1}
                    aria-label={isOpen ? "Close the group" : "Open the group"}
                    onClick={() => toggle(found.index, Number(row.runs))}
                  >
                    {isOpen ? "▾" : "▸"}
                  </button>
                ) : (
                  <input
                    type="checkbox"
                    tabIndex={-1}
                    checked={isChosen}
                    aria-label={`Choose ${text(row.name)}`}
                    onClick={(event) => tick(found.index, event.shiftKey)}
                    readOnly
                  />
                ))
              }
              content={(column) =>
                row === undefined ? null : isGrouped ? (
                  <GroupCell row={row} column={column} group={group} head={rows.head} />
                ) : (
                  <Cell row={row} column={column} project={project} baseline={baseline} />
                )
              }
            />
          );
        })}
        {opened.map(({ index, runs }) => {
          const row = rows.row(index);
          const before = opened.filter((other) => other.index < index).reduce((sum, other) => sum + other.runs, 0);
          if (row === undefined) return null;
          const filter = group.reduce(
            (filter, column) => narrowed(filter, equals(column, row[column] ?? null)),
            address.filter ?? "",
          );
          return (
            <Members
              key={index}
              project={project}
              filter={filter}
              sort={address.sort ?? []}
              lsn={rows.head?.lsn ?? null}
              runs={runs}
              top={(index + before + 1) * ROW}
              firstLine={index + before + 1}
              visible={[firstLine, lastLine]}
              geometry={geometry}
            />
          );
        })}
      </div>
      {rows.error !== null && !(rows.error instanceof ApiError && rows.error.kind === "invalid") && (
        <div className="told bad grid-told">Some rows could not be read.</div>
      )}
    </div>
  );
}

const PAGE = 1000;
const STEPS: Record<string, [number, number]> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
  PageDown: [PAGE, 0],
  PageUp: [-PAGE, 0],
};

function clamp(value: number, max: number): number {
  return Math.max(0, Math.min(max, value));
}

function withColumn(column: Column | undefined, index: number, start: number): Geometry["cells"] {
  return column === undefined ? [] : [{ column, index, start }];
}
