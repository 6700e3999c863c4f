/**
 * What the lines of a panel are called: by their run and metric, or by what a person wrote.
 *
 * ```text
 * ${run:displayName} at ${config:lr} [[ $y, was $original ]]
 *  └─ of the run      └─ of its config    └─ of the point at the crosshair, shown there alone
 * ```
 *
 * What holds: text that means nothing stands as it is; a value that a line does not have is nothing.
 */
import { idOf } from "./columns";
import type { Panel } from "./panel";

/** What is told of a point. */
export const POINT_VALUES = ["x", "y", "original", "mean", "stddev", "min", "max"] as const;
export type PointValue = (typeof POINT_VALUES)[number];

interface Part {
  is: "text" | "variable" | "point";
  text: string;
  /** It stands in `[[ ]]`. */
  isAtCrosshair: boolean;
}

export type Template = Part[];

export interface NamedLine {
  name: string;
  group: string | null;
  metric: string;
  /** The value of a column of `runs`, as people read it; "" where there is none. */
  value: (column: string) => string;
}

/** What the metrics are called that an expression finds: by its first group that caught something. */
export function metricNames({ keys = [], match }: Panel, metrics: string[]): Map<string, string> {
  if (match === undefined) return new Map();
  let pattern: RegExp;
  try {
    pattern = new RegExp(match.trim(), "i");
  } catch {
    return new Map();
  }
  const found = metrics
    .filter((metric) => !keys.includes(metric))
    .flatMap((metric): [string, string][] => {
      const caught = pattern
        .exec(metric)
        ?.slice(1)
        .find((group: string | undefined) => group !== undefined && group !== "");
      return caught === undefined ? [] : [[metric, caught]];
    });
  return new Map(found);
}

export function readTemplate(written: string): Template {
  return written.split(/(\[\[.*?\]\])/s).flatMap((segment): Part[] => {
    const isAtCrosshair = segment.startsWith("[[") && segment.endsWith("]]");
    const inner = isAtCrosshair ? segment.slice(2, -2).trim() : segment;
    const special = isAtCrosshair ? new RegExp(`(${VARIABLE}|${POINT})`) : new RegExp(`(${VARIABLE})`);
    return inner
      .split(special)
      .filter((text) => text !== "")
      .map((text): Part => {
        if (!special.test(text)) return { is: "text", text, isAtCrosshair };
        return text.startsWith("${")
          ? { is: "variable", text: text.slice(2, -1).trim(), isAtCrosshair }
          : { is: "point", text: text.slice(1), isAtCrosshair };
      });
  });
}

const VARIABLE = String.raw`\$\{[^{}]*\}`;
const POINT = String.raw`\$(?:${POINT_VALUES.join("|")})\b`;

/** Names of columns as the client's users know them. */
const FIELDS: Record<string, string> = {
  displayName: "name",
  id: "run_id",
  group: "group_name",
  jobType: "job_type",
  user: "author",
  username: "author",
  createdAt: "created_at",
  sweep: "sweep_id",
};

/** The column that a variable shows; null where it is none. */
export function columnOf(variable: string): string | null {
  const [, space, name = ""] = /^(run|config|summary):(.+)$/s.exec(variable) ?? [];
  if (space === undefined) return null;
  return space === "run" ? (FIELDS[name] ?? name) : idOf(`${space}.${name}`);
}

/** The columns whose values a template needs, beside the names and ids of runs. */
export function columnsIn(template: Template): string[] {
  const columns = template.map(({ is, text }) => (is === "variable" ? columnOf(text) : null));
  return [...new Set(columns)].filter(
    (column) => column !== null && column !== "name" && column !== "run_id",
  ) as string[];
}

/** Variables that mean nothing, as they were written. `known` are the columns that every run has. */
export function unknownIn(template: Template, known: string[]): string[] {
  return template
    .filter(({ is, text }) => {
      if (is !== "variable" || text === "metric" || text === "group") return false;
      const column = columnOf(text);
      return column === null || (text.startsWith("run:") && !known.includes(column));
    })
    .map(({ text }) => `\${${text}}`);
}

export const tellsPoints = (template: Template) => template.some(({ isAtCrosshair }) => isAtCrosshair);

/** Whether it tells these of points. */
export const tells = (template: Template, ...values: PointValue[]) =>
  template.some(({ is, text }) => is === "point" && values.some((value) => value === text));

/** What a line is called in the legend; "" where a template leaves nothing. */
export function labelOf(template: Template, line: NamedLine): string {
  const parts = template.filter(({ isAtCrosshair }) => !isAtCrosshair);
  return written(parts, line, () => "");
}

/** What stands at the crosshair: what the line is called, with the values of the point. */
export function pointLabelOf(template: Template, line: NamedLine, point: (value: PointValue) => string): string {
  return written(template, line, point);
}

function written(parts: Part[], line: NamedLine, point: (value: PointValue) => string): string {
  return parts
    .map(({ is, text }) => {
      if (is === "text") return text;
      return is === "point" ? point(text as PointValue) : variableOf(text, line);
    })
    .join("")
    .replaceAll(/\s+/g, " ")
    .trim();
}

function variableOf(variable: string, { name, group, metric, value }: NamedLine): string {
  if (variable === "metric") return metric;
  if (variable === "group") return group ?? value("group_name");
  const column = columnOf(variable);
  if (column === null) return `\${${variable}}`;
  return column === "name" ? name : value(column);
}
