/** Lines of some runs in a panel. They are asked for when the panel comes on the screen. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { ChartAsked, Line } from "../api/chart";
import { chart } from "../api/chart";
import type { Mark, Shape } from "../model/lineLooks";
import { Told } from "../components/States";
import type { Room } from "./Frame";
import { LinePlot } from "./LinePlot";
import type { PlotLine } from "./plotColumns";
import type { XKind } from "./Tip";

export interface Look {
  label: string;
  color: string;
  width?: number | undefined;
  dash?: number[] | undefined;
  mark?: Mark | undefined;
  /** What stands at the crosshair instead of label and value. */
  tell?: PlotLine["tell"];
}

/** How lines are drawn. */
export interface LineStyle {
  logX: boolean;
  logY: boolean;
  sync: string;
  onRange: (range: [number, number] | null) => void;
  /** What a line is called, and its colour; null hides it. */
  look: (line: Line) => Look | null;
  /** From where to where y goes; null where the lines say it. */
  yRange?: [number | null, number | null];
  shape?: Shape;
  /** Whether y ends where nearly all points do. */
  ignoresOutliers?: boolean;
  hasLegend?: boolean;
  /** Whether the crosshair tells mean, least and greatest of groups, whatever stands for them. */
  tellsGroups?: boolean;
}

interface LinesProps {
  title: string;
  asked: Omit<ChartAsked, "buckets">;
  style: LineStyle;
  room: Room;
}

/** Bands of more lines than that would cover each other. */
const BANDS_MAX = 8;
/** Buckets that a panel has pixels for. */
const BUCKETS = 500;
const BUCKETS_WIDE = 2_000;
const LEGEND = 22;

export function Lines({ title, asked, style, room }: LinesProps) {
  const hasLines = asked.keys.length > 0 || (asked.expressions ?? []).length > 0;
  const asks = room.wasSeen && asked.runs.length > 0 && hasLines;
  const buckets = room.isWide ? BUCKETS_WIDE : BUCKETS;
  const found = useQuery({ ...chart({ ...asked, buckets }), enabled: asks });
  const { look, hasLegend = false, yRange } = style;
  const isGrouped = asked.group.length > 0 && asked.band !== "none";
  const isOther = (asked.aggregate ?? "mean") !== "mean" || (asked.band ?? "min_max") !== "min_max";
  const ends = useQuery({
    ...chart({ ...asked, buckets, aggregate: undefined, band: undefined }),
    enabled: asks && style.tellsGroups === true && asked.group.length > 0 && isOther,
  });
  const lines = useMemo(
    () => plotted(found.data?.lines ?? [], look, isGrouped, ends.data?.lines ?? []),
    [found.data, look, isGrouped, ends.data],
  );
  const height = room.height - (hasLegend ? LEGEND : 0);
  if (found.isError) return <Told error={found.error} />;
  if (asked.runs.length === 0) return <div className="panel-empty">No run is shown</div>;
  if (!hasLines) return <div className="panel-empty">No metric is chosen</div>;
  if (found.data === undefined) return <div className="skeleton" style={{ height: room.height }} />;
  if (lines.length === 0) return <div className="panel-empty">No values here</div>;
  return (
    <div className={found.isPlaceholderData ? "stale" : ""}>
      <LinePlot
        title={title}
        lines={lines}
        xKind={asked.xExpression === undefined ? kindOf(asked.x) : "number"}
        xLabel={asked.xExpression ?? asked.x}
        logX={style.logX}
        logY={style.logY}
        yMin={yRange?.[0] ?? null}
        yMax={yRange?.[1] ?? null}
        shape={style.shape ?? "line"}
        ignoresOutliers={style.ignoresOutliers ?? false}
        sync={style.sync}
        height={height}
        onRange={style.onRange}
      />
      {hasLegend && <Legend lines={lines} />}
    </div>
  );
}

function Legend({ lines }: { lines: Look[] }) {
  return (
    <ul className="legend" tabIndex={0} aria-label="Legend">
      {lines.map(({ label, color, dash }, place) => (
        <li key={`${place} ${label}`}>
          <i style={{ background: dash === undefined || dash.length === 0 ? color : dashed(color) }} />
          {label}
        </li>
      ))}
    </ul>
  );
}

function dashed(color: string): string {
  return `repeating-linear-gradient(90deg, ${color} 0 3px, transparent 3px 5px)`;
}

function plotted(lines: Line[], look: LineStyle["look"], isGrouped: boolean, ends: Line[]): PlotLine[] {
  return lines.flatMap((line) => {
    const drawn = look(line);
    if (drawn === null || line.x.length === 0) return [];
    const isCut = isGrouped || line.count.some((count) => count > 1);
    const band = isCut && lines.length <= BANDS_MAX && line.raw === null ? { low: line.low, high: line.high } : null;
    // Of the same request but for what stands for groups, the points are the same.
    const known = ends.find(({ group, key }) => group === line.group && key === line.key) ?? line;
    return [{ ...drawn, x: line.x, y: line.y, raw: line.raw, band, known }];
  });
}

function kindOf(x: string): XKind {
  if (x === "_timestamp") return "time";
  return x === "_runtime" || x === "_absolute_runtime" ? "span" : "number";
}
