/** Series of runs in buckets, computed by the server from all points. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { tableFromIPC } from "apache-arrow";
import type { Json } from "./http";
import { ApiError, send } from "./http";
import { asOf, warningsOf } from "./sql";

export interface ChartAsked {
  project: string;
  /** Ids of runs; of groups: those that are grouped. */
  runs: string[];
  keys: string[];
  /** Numbers worked out of several keys, each of which is a line too; its key is then its text. */
  expressions?: string[] | undefined;
  stream: "history" | "system";
  x: string;
  /** What stands along the axis instead of `x`. */
  xExpression?: string | undefined;
  range: [number | null, number | null];
  smoothing: { kind: string; value: number } | null;
  group: string[];
  /** Of groups: what stands for their runs, and what is drawn around it. */
  aggregate?: string | undefined;
  band?: string | undefined;
  buckets: number;
  /** The moment that is looked at; now where there is none. */
  at?: string | undefined;
}

/** One line: its buckets in the order of x. */
export interface Line {
  /** The run's id, or "" of a group. */
  run: string;
  group: string | null;
  key: string;
  x: number[];
  y: (number | null)[];
  /** What was logged, where `y` is smoothed. */
  raw: (number | null)[] | null;
  low: (number | null)[];
  high: (number | null)[];
  count: number[];
  mean: (number | null)[];
  deviation: (number | null)[];
}

export interface Chart {
  lines: Line[];
  lsn: string;
  warnings: string[];
}

async function read(asked: ChartAsked, signal: AbortSignal): Promise<Chart> {
  const { project, runs, keys, expressions, stream, x, xExpression, range, smoothing, group, buckets } = asked;
  const { aggregate, band, at } = asked;
  const body: { [key: string]: Json } = { project, runs, keys, stream, range, group, buckets, ...asOf(at) };
  if (expressions !== undefined && expressions.length > 0) body.expressions = expressions;
  if (xExpression === undefined) body.x = x;
  else body.x_expression = xExpression;
  if (smoothing !== null) body.smoothing = smoothing;
  if (aggregate !== undefined) body.aggregate = aggregate;
  if (band !== undefined) body.band = band;
  const response = await send("/api/chart", { body, accept: "application/vnd.apache.arrow.stream", signal });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return {
    lines: linesOf(bytes, group.length > 0, smoothing !== null),
    lsn: response.headers.get("X-Wbq-Lsn") ?? "",
    warnings: warningsOf(response),
  };
}

/** The lines that rows of an answer make: those of one run (or group) and key are beside each other. */
export function linesOf(bytes: Uint8Array, isGrouped: boolean, isSmoothed: boolean): Line[] {
  const table = tableFromIPC(bytes);
  const column = (name: string) => table.getChild(name);
  const [run, group, key, x, last, mean, smoothed, low, high, count, deviation] = [
    "run",
    "group",
    "key",
    "x",
    "last",
    "mean",
    "smoothed",
    "min",
    "max",
    "count",
    "deviation",
  ].map(column);
  const lines = new Map<string, Line>();
  let line: Line | undefined;
  let name = "";
  for (let row = 0; row < table.numRows; row++) {
    const [path, of, metric] = [asText(run?.get(row)), asText(group?.get(row)), asText(key?.get(row)) ?? ""];
    const at = asNumber(x?.get(row));
    if (at === null) continue;
    const next = `${path ?? ""}\n${of ?? ""}\n${metric}`;
    if (line === undefined || next !== name) {
      name = next;
      line = lines.get(name) ?? {
        run: path?.split("/").at(-1) ?? "",
        group: of,
        key: metric,
        x: [],
        y: [],
        raw: isSmoothed ? [] : null,
        low: [],
        high: [],
        count: [],
        mean: [],
        deviation: [],
      };
      lines.set(name, line);
    }
    const plain = asNumber((isGrouped ? mean : last)?.get(row));
    line.x.push(at);
    line.y.push(isSmoothed ? asNumber(smoothed?.get(row)) : plain);
    line.raw?.push(plain);
    line.low.push(asNumber(low?.get(row)));
    line.high.push(asNumber(high?.get(row)));
    line.count.push(asNumber(count?.get(row)) ?? 0);
    line.mean.push(asNumber(mean?.get(row)));
    line.deviation.push(asNumber(deviation?.get(row)));
  }
  return [...lines.values()];
}

function asText(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Integers of Arrow may be big ones; what no drawing can show is a gap. */
function asNumber(value: unknown): number | null {
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

export const chart = (asked: ChartAsked) =>
  queryOptions({
    queryKey: ["chart", asked],
    queryFn: ({ signal }) => read(asked, signal),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });

/** What is to be said of an expression: what is wrong with it, and which keys no run has. */
export interface Checked {
  wrong: ApiError | null;
  warnings: string[];
}

/** Asks the server, which alone reads expressions; of no run, so that nothing is drawn. */
export const checkedExpressions = (project: string, of: "y" | "x", texts: string[]) =>
  queryOptions({
    queryKey: ["expressions", project, of, texts],
    queryFn: async ({ signal }): Promise<Checked> => {
      const asked: { [key: string]: Json } =
        of === "y" ? { expressions: texts } : { keys: [], x_expression: texts[0] ?? "" };
      try {
        const answer = await send("/api/chart", { body: { project, runs: [], ...asked }, signal });
        return { wrong: null, warnings: warningsOf(answer) };
      } catch (error) {
        if (error instanceof ApiError && error.kind === "invalid") return { wrong: error, warnings: [] };
        throw error;
      }
    },
    enabled: texts.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
