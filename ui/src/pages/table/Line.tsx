/** A row of the grid: pinned cells stand still, of the others only those on the screen are there. */
import type { ReactNode } from "react";
import type { Column } from "../../model/columns";
import type { Placed } from "../../model/layout";

export const ROW = 30;

/** Where columns stand. */
export interface Geometry {
  placed: Placed;
  /** Columns on the screen that are not pinned; `start` counts from the last pinned one. */
  cells: { column: Column; index: number; start: number }[];
  lead: number;
  pinnedWidth: number;
  width: number;
}

interface LineProps {
  line: number;
  top: number;
  geometry: Geometry;
  /** The column that the keyboard is at. */
  at: number | null;
  onAt: (column: number) => void;
  isChosen?: boolean | undefined;
  isOpen?: boolean | undefined;
  lead: ReactNode;
  content: (column: Column) => ReactNode;
}

export function Line({ line, top, geometry, at, onAt, isChosen, isOpen, lead, content }: LineProps) {
  const cell = (column: Column, index: number, isPinned: boolean, start: number) => {
    const shown = content(column);
    return (
      <div
        key={column.id}
        id={`cell-${line}-${index}`}
        role="gridcell"
        aria-colindex={index + 2}
        className={`cell ${isPinned ? "pinned" : "free"} ${column.kind}${at === index ? " at" : ""}`}
        style={
          isPinned ? { left: start, width: column.width } : { transform: `translateX(${start}px)`, width: column.width }
        }
        onMouseDown={() => onAt(index)}
      >
        {shown ?? <span className="skeleton cell-waiting" />}
      </div>
    );
  };
  return (
    <div
      role="row"
      aria-rowindex={line + 2}
      aria-selected={isChosen}
      aria-expanded={isOpen}
      className={isChosen ? "grid-row chosen" : "grid-row"}
      style={{ transform: `translateY(${top}px)`, width: geometry.width }}
    >
      <div role="gridcell" aria-colindex={1} className="cell lead" style={{ width: geometry.lead }}>
        {lead}
      </div>
      {startsOf(geometry).map(({ column, start }, index) => cell(column, index, true, start))}
      {geometry.cells.map(({ column, index, start }) =>
        cell(column, geometry.placed.pinned.length + index, false, geometry.pinnedWidth + start),
      )}
    </div>
  );
}

/** Pinned columns with where they begin. */
export function startsOf({ placed, lead }: Geometry): { column: Column; start: number }[] {
  let start = lead;
  return placed.pinned.map((column) => {
    const at = { column, start };
    start += column.width;
    return at;
  });
}
