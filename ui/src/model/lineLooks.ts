/** How single lines of a panel are drawn: what all of them have, then those of a metric, then those of a run or a group. */

export const SHAPES = ["line", "area", "percent"] as const;
export type Shape = (typeof SHAPES)[number];
export const DASHES = ["solid", "dashed", "dotted", "dash_dot"] as const;
export type Dash = (typeof DASHES)[number];
export const MARKS = ["none", "circle", "square", "diamond"] as const;
export type Mark = (typeof MARKS)[number];

export const WIDTH_MIN = 0.5;
export const WIDTH_MAX = 8;

export interface LineLook {
  /** `#rrggbb` */
  color?: string | undefined;
  width?: number | undefined;
  dash?: Dash | undefined;
  mark?: Mark | undefined;
}

/** Looks by whose they are: `*`, `metric:KEY` (or the text of an expression), `run:ID`, `group:NAME`. */
export type Looks = Record<string, LineLook>;

const LOOKS_MAX = 100;

/** What an address or a server says of looks; undefined where nothing of it can be read. */
export function readLooks(value: unknown): Looks | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const read = Object.entries(value)
    .filter(([of]) => /^(\*|metric:.+|run:.+|group:.*)$/s.test(of))
    .map(([of, look]): [string, LineLook] => [of, readLook(look)])
    .filter(([, look]) => Object.keys(look).length > 0)
    .slice(0, LOOKS_MAX);
  return read.length === 0 ? undefined : Object.fromEntries(read);
}

function readLook(value: unknown): LineLook {
  const { color, width, dash, mark } = (value ?? {}) as Record<string, unknown>;
  const look: LineLook = {};
  if (typeof color === "string" && /^#[0-9a-f]{6}$/i.test(color)) look.color = color;
  if (typeof width === "number" && Number.isFinite(width)) look.width = Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, width));
  const known = { dash: DASHES.find((name) => name === dash), mark: MARKS.find((name) => name === mark) };
  if (known.dash !== undefined) look.dash = known.dash;
  if (known.mark !== undefined) look.mark = known.mark;
  return look;
}

/** How a line is drawn. */
export function lookOf(looks: Looks, line: { run: string; group: string | null; key: string }): LineLook {
  const whose = line.group === null ? `run:${line.run}` : `group:${line.group}`;
  return { ...looks["*"], ...looks[`metric:${line.key}`], ...looks[whose] };
}

/** With another look of some lines; one that says nothing is gone. */
export function withLook(looks: Looks | undefined, of: string, look: LineLook): Looks | undefined {
  return readLooks({ ...looks, [of]: look });
}
