/** Lines of a console: only those on the screen are in the page. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { ConsoleLine } from "../../api/run";
import { formatMoment } from "../../model/format";

const LINE = 20;

export interface LinesProps {
  count: number;
  lineAt: (index: number) => ConsoleLine | undefined;
  isFollowing: boolean;
  /** Somebody scrolls up, and wants to stay there. */
  onAway: () => void;
  typed: string;
  /** The line that is marked and brought on the screen. */
  at: number | null;
  /** The number of a line was pressed. */
  onLine: (index: number) => void;
  onSeen?: (from: number, to: number) => void;
}

export function Lines({ count, lineAt, isFollowing, onAway, typed, at, onLine, onSeen }: LinesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 20,
  });
  const items = lines.getVirtualItems();
  const [from, to] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => onSeen?.(from, to), [from, to, onSeen]);
  useEffect(() => {
    if (isFollowing && count > 0) lines.scrollToIndex(count - 1, { align: "end" });
  }, [isFollowing, count, lines]);
  useEffect(() => {
    if (at !== null) lines.scrollToIndex(at, { align: "center" });
  }, [at, lines]);
  return (
    <div
      ref={scroller}
      className="console"
      tabIndex={0}
      role="log"
      aria-label="Console"
      onWheel={(event) => event.deltaY < 0 && isFollowing && onAway()}
    >
      <div style={{ height: lines.getTotalSize(), position: "relative" }}>
        {items.map(({ index, start }) => {
          const line = lineAt(index);
          const number = line?.line ?? index;
          return (
            <div
              key={index}
              className={`console-line${line?.level === "error" ? " error" : ""}${number === at ? " at" : ""}`}
              style={{ transform: `translateY(${start}px)` }}
            >
              <button
                type="button"
                className="console-number"
                tabIndex={-1}
                aria-label={`Line ${number + 1}`}
                title={line?.time === null || line === undefined ? undefined : formatMoment(line.time)}
                onClick={() => onLine(number)}
              >
                {number + 1}
              </button>
              <span className="console-text">{line === undefined ? "" : emphasised(line.text, typed)}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** A text with what was looked for marked. */
function emphasised(text: string, typed: string) {
  if (typed === "") return text;
  const at = text.toLowerCase().indexOf(typed.toLowerCase());
  if (at < 0) return text;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + typed.length)}</mark>
      {text.slice(at + typed.length)}
    </>
  );
}
