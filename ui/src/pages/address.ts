/** What the addresses of pages say behind the `?`, read into values; what is odd is left out. */
import type { Layout } from "../model/layout";
import type { SmoothingKind } from "../model/panel";
import { SMOOTHINGS } from "../model/panel";
import { isPin } from "../model/moment";

type Search = Record<string, unknown>;

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
const texts = (value: unknown) => {
  const list = Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  return list.length > 0 ? list : undefined;
};
const number = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : undefined);

export interface TableAddress extends Layout {
  filter?: string | undefined;
  sort?: string[] | undefined;
  group?: string[] | undefined;
  /** The run that others are measured by. */
  base?: string | undefined;
  /** The moment that is looked at, in UTC, or `lsn:` and a position in the log. */
  at?: string | undefined;
  /** Runs that are compared. */
  compare?: string[] | undefined;
}

export function readTable(search: Search): TableAddress {
  const widths = search.widths;
  const isMap =
    widths !== null && typeof widths === "object" && Object.values(widths).every((width) => typeof width === "number");
  return {
    filter: text(search.filter),
    sort: texts(search.sort),
    group: texts(search.group),
    cols: texts(search.cols),
    pin: texts(search.pin),
    base: text(search.base),
    at: isPin(search.at) ? search.at : undefined,
    compare: texts(search.compare),
    widths: isMap ? (widths as Record<string, number>) : undefined,
  };
}

export interface WorkspaceAddress {
  filter?: string | undefined;
  /** Part of a name of runs, or a regular expression. */
  find?: string | undefined;
  hide?: string[] | undefined;
  panels?: string | undefined;
  /** What people changed of the panels, as `model/boardText.ts` writes it. */
  board?: string | undefined;
  x?: string | undefined;
  smooth?: SmoothingKind | undefined;
  amount?: number | undefined;
  logX?: boolean | undefined;
  logY?: boolean | undefined;
  /** Outliers may leave the view. */
  clip?: boolean | undefined;
  group?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
  /** At which step media and tables are looked at; the newest where it is not said. */
  step?: number | undefined;
  /** The moment that is looked at, as of the table. */
  at?: string | undefined;
}

export function readWorkspace(search: Search): WorkspaceAddress {
  return {
    filter: text(search.filter),
    find: text(search.find),
    hide: texts(search.hide),
    panels: text(search.panels),
    board: text(search.board),
    x: text(search.x),
    smooth: SMOOTHINGS.find((kind) => kind === search.smooth && kind !== "none"),
    amount: number(search.amount),
    logX: search.logX === true ? true : undefined,
    logY: search.logY === true ? true : undefined,
    clip: search.clip === true ? true : undefined,
    group: text(search.group),
    from: number(search.from),
    to: number(search.to),
    step: number(search.step),
    at: isPin(search.at) ? search.at : undefined,
  };
}

/** The parts of the address of a run. */
export function paramsOf(project: string, run: string): { entity: string; project: string; run: string } {
  const [entity = "", name = ""] = project.split("/");
  return { entity, project: name, run };
}
