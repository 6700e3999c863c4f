/** Series of runs in buckets, computed by the server from all points. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { tableFromIPC } from "apache-arrow";
import type { Json } from "./http";
import { send } from "./http";
import { asOf, warningsOf } from "./sql";

export interface ChartAsked {
  project: string;
  /** Ids of runs; of groups: those that are grouped. */
  runs: string[];
  keys: string[];
  stream: "history" | "system";
  x: string;
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
}

export interface Chart {
  lines: Line[];
  lsn: string;
  warnings: string[];
}

async function read(asked: ChartAsked, signal: AbortSignal): Promise<Chart> {
  const { project, runs, keys, stream, x, range, smoothing, group, aggregate, band, buckets, at } = asked;
  const body: { [key: string]: Json } = { project, runs, keys, stream, x, range, group, buckets, ...asOf(at) };
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
  const [run, group, key, x, last, mean, smoothed, low, high, count] = [
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
