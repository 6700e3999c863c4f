/** The heads of the columns: a menu each, dragged to reorder, their edge to resize. */
import type { DragEvent, KeyboardEvent, PointerEvent } from "react";
import { useState } from "react";
import type { MenuItem } from "../../components/Menu";
import { Menu } from "../../components/Menu";
import type { Column } from "../../model/columns";
import { narrowed } from "../../model/filter";
import { move, nudge, pin, resize, show } from "../../model/layout";
import { sortedBy, sortKeys, withoutSort } from "../../model/sort";
import type { GridProps } from "./Grid";
import type { Geometry } from "./Line";
import { ROW, startsOf } from "./Line";

type HeadsProps = Pick<GridProps, "columns" | "address" | "onLayout" | "onSort" | "onGroup" | "onFilter"> & {
  geometry: Geometry;
  isGrouped: boolean;
};

const DRAGGED = "application/x-wbq-column";

export function Heads(props: HeadsProps) {
  const { geometry, columns, address, onLayout } = props;
  const [over, setOver] = useState<string | null>(null);
  const drop = (event: DragEvent, target: string) => {
    event.preventDefault();
    setOver(null);
    onLayout(move(columns, address, event.dataTransfer.getData(DRAGGED), target));
  };
  const head = (column: Column, index: number, isPinned: boolean, start: number) => (
    <div
      key={column.id}
      role="columnheader"
      aria-colindex={index + 2}
      aria-sort={sortOf(address.sort ?? [], column.id)}
      className={`cell head ${isPinned ? "pinned" : "free"} ${column.kind}${over === column.id ? " over" : ""}`}
      style={
        isPinned ? { left: start, width: column.width } : { transform: `translateX(${start}px)`, width: column.width }
      }
      draggable={column.id !== "name"}
      // A press may begin a drag; what opens the menu is the click.
      onPointerDownCapture={(event) =>
        event.target instanceof Element && event.target.closest(".edge") === null && event.stopPropagation()
      }
      onDragStart={(event) => event.dataTransfer.setData(DRAGGED, column.id)}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(column.id);
      }}
      onDragLeave={() => setOver(null)}
      onDrop={(event) => drop(event, column.id)}
    >
      <Menu
        opensOnClick
        label={`Column ${column.label}`}
        className="head-button"
        trigger={<Title column={column} sort={address.sort ?? []} />}
        items={itemsOf(column, isPinned, props)}
      />
      <Edge column={column} onWidth={(width) => onLayout(resize(address, column.id, width))} />
    </div>
  );
  return (
    <div role="rowgroup" className="grid-head" style={{ width: geometry.width, height: ROW + 2 }}>
      <div role="row" aria-rowindex={1} className="head-row">
        <div role="columnheader" aria-colindex={1} className="cell head lead" style={{ width: geometry.lead }}>
          <span className="unseen">{props.isGrouped ? "Open" : "Choose"}</span>
        </div>
        {startsOf(geometry).map(({ column, start }, index) => head(column, index, true, start))}
        {geometry.cells.map(({ column, index, start }) =>
          head(column, geometry.placed.pinned.length + index, false, geometry.pinnedWidth + start),
        )}
      </div>
    </div>
  );
}

function Title({ column, sort }: { column: Column; sort: string[] }) {
  const keys = sortKeys(sort);
  const at = keys.findIndex(({ id }) => id === column.id);
  const key = keys[at];
  return (
    <>
      <span className="cut" title={column.id}>
        {column.space === "config" && <span className="faint">config.</span>}
        {column.label}
      </span>
      {key !== undefined && (
        <span className="arrow" aria-hidden="true">
          {key.isDescending ? "↓" : "↑"}
          {keys.length > 1 && <sub>{at + 1}</sub>}
        </span>
      )}
    </>
  );
}

function sortOf(sort: string[], id: string): "ascending" | "descending" | "none" {
  const key = sortKeys(sort).find((known) => known.id === id);
  return key === undefined ? "none" : key.isDescending ? "descending" : "ascending";
}

function itemsOf(
  column: Column,
  isPinned: boolean,
  { columns, address, onLayout, onSort, onGroup, onFilter }: HeadsProps,
): MenuItem[] {
  const { id } = column;
  const [sort, group] = [address.sort ?? [], address.group ?? []];
  const isSorted = sortKeys(sort).some((key) => key.id === id);
  const others = sort.filter((key) => key.replace(/^-/, "") !== id);
  const items: MenuItem[] = [
    { label: "Sort ascending", note: "↑", onSelect: () => onSort(sortedBy(sort, id, false, false)) },
    { label: "Sort descending", note: "↓", onSelect: () => onSort(sortedBy(sort, id, true, false)) },
  ];
  if (others.length > 0) {
    items.push(
      { label: "Then by this, ascending", onSelect: () => onSort(sortedBy(sort, id, false, true)) },
      { label: "Then by this, descending", onSelect: () => onSort(sortedBy(sort, id, true, true)) },
    );
  }
  if (isSorted) items.push({ label: "Do not sort by this", onSelect: () => onSort(withoutSort(sort, id)) });
  items.push("line", {
    label: "Only runs that have it",
    onSelect: () =>
      onFilter(narrowed(address.filter ?? "", { is: "condition", column: id, operator: "is not null", values: [] })),
  });
  if (id !== "name" && column.kind !== "tags") {
    const isGroup = group.includes(id);
    items.push({
      label: isGroup ? "Do not group by this" : "Group by this",
      onSelect: () => onGroup(isGroup ? group.filter((key) => key !== id) : [...group, id]),
    });
  }
  if (id !== "name") {
    items.push(
      "line",
      {
        label: isPinned ? "Unpin" : "Pin beside Name",
        onSelect: () => onLayout(pin(columns, address, [id], !isPinned)),
      },
      { label: "Move left", onSelect: () => onLayout(nudge(columns, address, id, -1)) },
      { label: "Move right", onSelect: () => onLayout(nudge(columns, address, id, 1)) },
      { label: "Hide", onSelect: () => onLayout(show(columns, address, [id], false)) },
    );
  }
  return items;
}

/** The edge that is dragged to make a column wider; arrows do the same. */
function Edge({ column, onWidth }: { column: Column; onWidth: (width: number) => void }) {
  const down = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    event.stopPropagation();
    const edge = event.currentTarget;
    const [from, width] = [event.clientX, column.width];
    edge.setPointerCapture(event.pointerId);
    const follow = (moved: globalThis.PointerEvent) => onWidth(width + moved.clientX - from);
    edge.addEventListener("pointermove", follow);
    edge.addEventListener("lostpointercapture", () => edge.removeEventListener("pointermove", follow), { once: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 10 : event.key === "ArrowLeft" ? -10 : 0;
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    onWidth(column.width + by);
  };
  return (
    <div
      className="edge"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={`Width of ${column.label}`}
      aria-valuenow={column.width}
      aria-valuemin={48}
      aria-valuemax={900}
      draggable
      onDragStart={(event) => {
        event.preventDefault();
        event.stopPropagation();
      }}
      onPointerDown={down}
      onKeyDown={onKeyDown}
    />
  );
}
