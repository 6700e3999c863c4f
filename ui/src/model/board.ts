/**
 * The panels of a workspace as people laid them out. A panel for each metric is there by itself; a board says what
 * differs from that, so that it stays small, and metrics that come later get their panels all the same.
 *
 * What holds: a board is a value, each change makes another. The id of a panel that is there by itself is its metric or names its custom chart;
 * those that were added have ids of their own. In a section stand first the panels that the board lists, then the others.
 */
import type { Panel } from "./panel";
import { automaticPanel, HEIGHT, HEIGHT_MAX, HEIGHT_MIN, known, readPanel, titleOf, WIDTH_MAX } from "./panel";
import type { Section } from "./sections";
import { textFits } from "./sections";

export const VERSION = 1;

export interface Board {
  v: typeof VERSION;
  /** What was added, whole; of panels that are there by themselves what differs. */
  panels: Record<string, Partial<Panel>>;
  /** Metrics whose panels were removed. */
  gone: string[];
  /** Sections with the panels that stand first in them. */
  order: [section: string, ids: string[]][];
}

export const PLAIN: Board = { v: VERSION, panels: {}, gone: [], order: [] };

export interface PlacedPanel {
  id: string;
  panel: Panel;
}

export interface PlacedSection {
  name: string;
  panels: PlacedPanel[];
}

export function isPlain({ panels, gone, order }: Board): boolean {
  return Object.keys(panels).length === 0 && gone.length === 0 && order.length === 0;
}

/** A board from outside; null where it is none, or of a version that is not known. */
export function readBoard(value: unknown): Board | null {
  if (value === null || typeof value !== "object") return null;
  const told = value as Record<string, unknown>;
  if (told.v !== VERSION) return null;
  const texts = (list: unknown) => (Array.isArray(list) ? list.filter((item) => typeof item === "string") : []);
  const panels = told.panels !== null && typeof told.panels === "object" ? Object.entries(told.panels) : [];
  const order = Array.isArray(told.order) ? (told.order as unknown[]) : [];
  return {
    v: VERSION,
    panels: Object.fromEntries(panels.map(([id, panel]) => [id, readPanel(panel)])),
    gone: texts(told.gone),
    order: order.flatMap((entry): Board["order"] =>
      Array.isArray(entry) && typeof entry[0] === "string" ? [[entry[0], texts(entry[1])]] : [],
    ),
  };
}

/** The sections with their panels; sections that people made come first. */
export function placed(board: Board, automatic: Section[]): PlacedSection[] {
  const isAutomatic = new Set(automatic.flatMap(({ keys }) => keys));
  const gone = new Set(board.gone);
  const seen = new Set<string>();
  const isListed = new Set(board.order.flatMap(([, ids]) => ids));
  const listed = new Map(board.order);
  const find = (ids: string[]) =>
    ids.flatMap((id): PlacedPanel[] => {
      // What an address lists twice stands where it is listed first.
      if (seen.has(id)) return [];
      seen.add(id);
      const changed = board.panels[id];
      if (isAutomatic.has(id)) return gone.has(id) ? [] : [{ id, panel: { ...automaticPanel(id), ...changed } }];
      return changed?.kind === undefined ? [] : [{ id, panel: { ...changed, kind: changed.kind } }];
    });
  const own = board.order.map(([name]) => name).filter((name) => !automatic.some((section) => section.name === name));
  return [...own.map((name): Section => ({ name, keys: [] })), ...automatic]
    .map(({ name, keys }) => ({
      name,
      panels: find([...(listed.get(name) ?? []), ...keys.filter((key) => !isListed.has(key))]),
    }))
    .filter(({ panels }) => panels.length > 0);
}

/** Sections with the panels alone whose title fits what is typed. */
export function found(sections: PlacedSection[], typed: string): PlacedSection[] {
  if (typed.trim() === "") return sections;
  const fits = textFits(typed);
  return sections
    .map(({ name, panels }) => ({ name, panels: panels.filter(({ panel }) => fits(titleOf(panel))) }))
    .filter(({ panels }) => panels.length > 0);
}

/** With a panel more, first in its section. */
export function add(board: Board, automatic: Section[], panel: Panel, section: string): [Board, string] {
  const taken = new Set([...automatic.flatMap(({ keys }) => keys), ...Object.keys(board.panels)]);
  let number = 1;
  while (taken.has(`+${number}`)) number += 1;
  const id = `+${number}`;
  const more = { ...board, panels: { ...board.panels, [id]: known(panel) } };
  return [listedAs(more, section, [id, ...idsOf(more, automatic, section)], automatic), id];
}

/** With a panel that shows something else. */
export function change(board: Board, automatic: Section[], id: string, panel: Panel): Board {
  const isAutomatic = automatic.some(({ keys }) => keys.includes(id));
  const { kind, keys, ...rest } = panel;
  const own = automaticPanel(id);
  const isSame = kind === own.kind && keys?.length === 1 && keys[0] === own.keys[0];
  const differs = known(isAutomatic && isSame ? rest : panel);
  const panels = { ...board.panels, [id]: differs };
  return { ...board, panels: Object.keys(differs).length > 0 ? panels : without(panels, id) };
}

export function remove(board: Board, automatic: Section[], id: string): Board {
  const isAutomatic = automatic.some(({ keys }) => keys.includes(id));
  return {
    ...board,
    panels: without(board.panels, id),
    gone: isAutomatic ? [...board.gone, id] : board.gone,
    order: unlisted(board.order, id),
  };
}

/** With a panel moved before another one of a section, or to the end of it. */
export function move(board: Board, automatic: Section[], id: string, section: string, before: string | null): Board {
  if (id === before) return board;
  const ids = idsOf(board, automatic, section).filter((other) => other !== id);
  const at = before === null ? -1 : ids.indexOf(before);
  ids.splice(at < 0 ? ids.length : at, 0, id);
  return listedAs({ ...board, order: unlisted(board.order, id) }, section, ids, automatic);
}

/** With a panel moved by keys: by one place in its section, or into the section above or below. */
export function nudge(board: Board, automatic: Section[], id: string, by: "back" | "on" | "up" | "down"): Board {
  const sections = placed(board, automatic);
  const row = sections.findIndex(({ panels }) => panels.some((panel) => panel.id === id));
  const ids = sections[row]?.panels.map((panel) => panel.id) ?? [];
  const at = ids.indexOf(id);
  if (by === "back" || by === "on") {
    const section = sections[row]?.name;
    const neighbour = ids[at + (by === "on" ? 2 : -1)] ?? null;
    const isAtEnd = by === "back" ? at <= 0 : at >= ids.length - 1;
    return section === undefined || isAtEnd ? board : move(board, automatic, id, section, neighbour);
  }
  const target = sections[row + (by === "down" ? 1 : -1)];
  if (row < 0 || target === undefined) return board;
  return move(board, automatic, id, target.name, by === "down" ? (target.panels[0]?.id ?? null) : null);
}

/** With another size; by the default nothing is kept. */
export function resize(board: Board, automatic: Section[], { id, panel }: PlacedPanel, w: number, h: number): Board {
  const width = Math.min(WIDTH_MAX, Math.max(1, Math.round(w)));
  const height = Math.min(HEIGHT_MAX, Math.max(HEIGHT_MIN, Math.round(h)));
  return change(board, automatic, id, {
    ...panel,
    w: width === 1 ? undefined : width,
    h: height === HEIGHT ? undefined : height,
  });
}

function idsOf(board: Board, automatic: Section[], section: string): string[] {
  return (
    placed(board, automatic)
      .find(({ name }) => name === section)
      ?.panels.map(({ id }) => id) ?? []
  );
}

/** With a section in that order; only those are listed behind which the rest stands as it would by itself. */
function listedAs(board: Board, section: string, ids: string[], automatic: Section[]): Board {
  const places = new Map(automatic.find(({ name }) => name === section)?.keys.map((key, place) => [key, place]));
  let count = ids.length;
  for (let next = Infinity; count > 0; count--) {
    const place = places.get(ids[count - 1] ?? "");
    if (place === undefined || place > next) break;
    next = place;
  }
  const listed = ids.slice(0, count);
  const isNew = !board.order.some(([name]) => name === section);
  const order = isNew ? [[section, listed] as [string, string[]], ...board.order] : board.order;
  return {
    ...board,
    order: order
      .map(([name, old]): [string, string[]] => [name, name === section ? listed : old])
      .filter(([, list]) => list.length > 0),
  };
}

function unlisted(order: Board["order"], id: string): Board["order"] {
  return order
    .map(([name, ids]): [string, string[]] => [name, ids.filter((other) => other !== id)])
    .filter(([, ids]) => ids.length > 0);
}

function without<Value>(values: Record<string, Value>, id: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).filter(([other]) => other !== id));
}
