/**
 * How the columns of the table stand: which, in which order, pinned, how wide. A layout is a value; each change
 * makes another, and what differs from the default is what the address says.
 */
import type { Column } from "./columns";
import { shownAtFirst } from "./columns";

export interface Layout {
  /** Columns that are shown and not pinned, in their order; absent until somebody chose. */
  cols?: string[] | undefined;
  /** Columns beside Name. */
  pin?: string[] | undefined;
  widths?: Record<string, number> | undefined;
}

export interface Placed {
  /** Name first. */
  pinned: Column[];
  scrolled: Column[];
}

const NAME = "name";
export const WIDTH_MIN = 48;
export const WIDTH_MAX = 900;

/** The columns where they stand; what a layout names and no run has is left out. */
export function place(columns: Column[], layout: Layout): Placed {
  const known = new Map(
    columns.map((column) => [column.id, { ...column, width: layout.widths?.[column.id] ?? column.width }]),
  );
  const find = (ids: string[]) => ids.flatMap((id) => known.get(id) ?? []);
  const pinned = [NAME, ...(layout.pin ?? []).filter((id) => id !== NAME)];
  const isPinned = new Set(pinned);
  const scrolled = (layout.cols ?? shownAtFirst(columns)).filter((id) => !isPinned.has(id));
  return { pinned: find(pinned), scrolled: find(scrolled) };
}

function ids(columns: Column[]): string[] {
  return columns.map(({ id }) => id);
}

/** With columns shown or hidden; shown ones come at the end. */
export function show(columns: Column[], layout: Layout, which: string[], isShown: boolean): Layout {
  const { scrolled } = place(columns, layout);
  const changed = new Set(which);
  const rest = ids(scrolled).filter((id) => !changed.has(id));
  const pin = (layout.pin ?? []).filter((id) => !changed.has(id));
  return {
    ...layout,
    pin: pin.length > 0 ? pin : undefined,
    cols: isShown ? [...rest, ...which.filter((id) => id !== NAME)] : rest,
  };
}

/** With columns pinned beside Name, or let go: they then stand first among the others. */
export function pin(columns: Column[], layout: Layout, which: string[], isPinned: boolean): Layout {
  const changed = new Set(which);
  const others = (layout.pin ?? []).filter((id) => !changed.has(id));
  const scrolled = ids(place(columns, layout).scrolled).filter((id) => !changed.has(id));
  const named = which.filter((id) => id !== NAME);
  const pinned = isPinned ? [...others, ...named] : others;
  return {
    ...layout,
    pin: pinned.length > 0 ? pinned : undefined,
    cols: isPinned ? scrolled : [...named, ...scrolled],
  };
}

/** With a column moved to where another stands, among those that are pinned or those that are not. */
export function move(columns: Column[], layout: Layout, id: string, to: string): Layout {
  const placed = place(columns, layout);
  const [pinned, scrolled] = [ids(placed.pinned).slice(1), ids(placed.scrolled)];
  const list = pinned.includes(to) ? pinned : scrolled;
  const target = list.indexOf(to);
  if (target < 0 || id === to || id === NAME) return layout;
  const without = (from: string[]) => from.filter((other) => other !== id);
  const moved = without(list);
  moved.splice(target, 0, id);
  const next = list === pinned ? { pin: moved, cols: without(scrolled) } : { pin: without(pinned), cols: moved };
  return { ...layout, cols: next.cols, pin: next.pin.length > 0 ? next.pin : undefined };
}

/** With a column moved by one place; keys do what the mouse does. */
export function nudge(columns: Column[], layout: Layout, id: string, by: 1 | -1): Layout {
  const placed = place(columns, layout);
  const list = placed.pinned.some((column) => column.id === id) ? ids(placed.pinned).slice(1) : ids(placed.scrolled);
  const neighbour = list[list.indexOf(id) + by];
  return neighbour === undefined || !list.includes(id) ? layout : move(columns, layout, id, neighbour);
}

export function resize(layout: Layout, id: string, width: number): Layout {
  const bounded = Math.round(Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, width)));
  return { ...layout, widths: { ...layout.widths, [id]: bounded } };
}
