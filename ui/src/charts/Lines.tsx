/** A panel: one metric of some runs. It asks for its lines when it comes on the screen. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import type { ChartAsked, Line } from "../api/chart";
import { chart } from "../api/chart";
import { Told } from "../components/States";
import type { PlotLine, XKind } from "./LinePlot";
import { LinePlot } from "./LinePlot";

/** How all panels of a page are drawn. */
export interface PanelStyle {
  logX: boolean;
  logY: boolean;
  sync: string;
  onRange: (range: [number, number] | null) => void;
  /** What a line is called, and its colour; null hides it. */
  look: (line: Line) => { label: string; color: string } | null;
}

interface PanelProps {
  title: string;
  asked: Omit<ChartAsked, "buckets">;
  style: PanelStyle;
}

const HEIGHT = 196;
/** Bands of more lines than that would cover each other. */
const BANDS_MAX = 8;
/** Buckets that a panel has pixels for. */
const BUCKETS = 500;
const BUCKETS_WIDE = 2_000;

export function Panel({ title, asked, style }: PanelProps) {
  const place = useRef<HTMLElement>(null);
  const wasSeen = useSeen(place);
  const [isWide, setWide] = useState(false);
  const found = useQuery({
    ...chart({ ...asked, buckets: isWide ? BUCKETS_WIDE : BUCKETS }),
    enabled: wasSeen && asked.runs.length > 0,
  });
  const { look } = style;
  const isGrouped = asked.group.length > 0;
  const lines = useMemo(() => plotted(found.data?.lines ?? [], look, isGrouped), [found.data, look, isGrouped]);
  const height = isWide ? Math.max(200, innerHeight - 140) : HEIGHT;
  useEffect(() => {
    if (!isWide) return;
    const close = (event: KeyboardEvent) => event.key === "Escape" && setWide(false);
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, [isWide]);
  return (
    <article
      ref={place}
      className={`panel${isWide ? " wide" : ""}${found.isPlaceholderData ? " stale" : ""}`}
      aria-label={title}
    >
      <h3>
        <span className="cut" title={title}>
          {title}
        </span>
        <button
          type="button"
          className="button quiet icon small"
          aria-label={isWide ? "Make small" : `Make ${title} large`}
          onClick={() => setWide(!isWide)}
        >
          {isWide ? "×" : "⤢"}
        </button>
      </h3>
      <div style={{ height }}>
        {found.isError ? (
          <Told error={found.error} />
        ) : asked.runs.length === 0 ? (
          <div className="panel-empty">No run is shown</div>
        ) : found.data === undefined ? (
          <div className="skeleton" style={{ height }} />
        ) : lines.length === 0 ? (
          <div className="panel-empty">No values here</div>
        ) : (
          <LinePlot
            title={title}
            lines={lines}
            xKind={kindOf(asked.x)}
            xLabel={asked.x}
            logX={style.logX}
            logY={style.logY}
            sync={style.sync}
            height={height}
            onRange={style.onRange}
          />
        )}
      </div>
    </article>
  );
}

function plotted(lines: Line[], look: PanelStyle["look"], isGrouped: boolean): PlotLine[] {
  return lines.flatMap((line) => {
    const drawn = look(line);
    if (drawn === null || line.x.length === 0) return [];
    const isCut = isGrouped || line.count.some((count) => count > 1);
    const band = isCut && lines.length <= BANDS_MAX && line.raw === null ? { low: line.low, high: line.high } : null;
    return [{ ...drawn, x: line.x, y: line.y, raw: line.raw, band }];
  });
}

function kindOf(x: string): XKind {
  if (x === "_timestamp") return "time";
  return x === "_runtime" || x === "_absolute_runtime" ? "span" : "number";
}

/** Whether something has been on the screen, or nearly. */
function useSeen(place: React.RefObject<HTMLElement | null>): boolean {
  const [wasSeen, setSeen] = useState(false);
  useEffect(() => {
    if (wasSeen || place.current === null) return;
    const watch = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true),
      { rootMargin: "200px" },
    );
    watch.observe(place.current);
    return () => watch.disconnect();
  }, [place, wasSeen]);
  return wasSeen;
}
