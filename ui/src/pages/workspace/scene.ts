/** What all panels of a workspace share: whose data they show, and how it is told apart. */
import { useMemo } from "react";
import type { Line } from "../../api/chart";
import { colorAt } from "../../charts/colors";
import type { Look } from "../../charts/Lines";
import type { Column } from "../../model/columns";
import type { WorkspaceAddress } from "../address";
import type { Naming } from "./naming";
import { PLAIN } from "./naming";
import type { Listed } from "./selection";

export interface Scene {
  project: string;
  address: WorkspaceAddress;
  /** The moment that is looked at; now where there is none. */
  at: string | undefined;
  /** Runs whose eye is open. */
  runs: Listed[];
  /** Metrics that can be drawn. */
  metrics: string[];
  /** Keys of the custom charts that the runs have. */
  charts: string[];
  /** Keys under which the runs have media, and tables. */
  media: string[];
  tables: string[];
  columns: Column[];
  theme: "light" | "dark";
  onRange: (range: [number, number] | null) => void;
  /** The step at which media and tables are looked at; the newest where none is. */
  onStep: (step: number | undefined) => void;
  onFilter: (filter: string) => void;
}

/** Lines of the same run are told apart by their strokes. */
const DASHES = [undefined, [7, 3], [2, 3], [8, 3, 2, 3]];

/** What a line is called and how it is coloured: by its run, and by its metric where there are several. */
export function useLook(
  { runs, theme }: Scene,
  metrics: string[],
  naming: Naming = PLAIN,
): (line: Line) => Look | null {
  const looksText = JSON.stringify(runs.map(({ id, name, place }) => [id, name, place]));
  const metricsText = JSON.stringify(metrics);
  return useMemo(() => {
    const drawn = JSON.parse(looksText) as [string, string, number][];
    const byId = new Map(drawn.map(([id, name, place]) => [id, { name, place }]));
    const known = JSON.parse(metricsText) as string[];
    return (line: Line) => {
      const at = Math.max(0, known.indexOf(line.key));
      const run = byId.get(line.run);
      if (line.group === null && run === undefined) return null;
      const name = line.group ?? run?.name ?? "";
      const metric = naming.metrics.get(line.key) ?? line.key;
      const called = (label: string) => naming.of({ label, name, run: line.run, group: line.group, metric });
      if (known.length < 2) return { ...called(name), color: colorAt(placed(line, run), theme) };
      // Of one run alone the metrics have the colours.
      if (line.group === null && drawn.length === 1) return { ...called(metric), color: colorAt(at, theme) };
      const dash = DASHES[at % DASHES.length];
      const look = { ...called(`${name} ${metric}`), color: colorAt(placed(line, run), theme) };
      return dash === undefined ? look : { ...look, dash };
    };
  }, [looksText, metricsText, theme, naming]);
}

function placed(line: Line, run: { place: number } | undefined): number {
  return line.group === null ? (run?.place ?? 0) : placeOf(line.group);
}

/** A group keeps its colour whatever other groups there are. */
export function placeOf(name: string): number {
  let sum = 7;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum;
}
