/** The console of a run: read by pages wherever one looks, and live at its end. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { ConsoleLine, Run, RunId } from "../../api/run";
import {
  CONSOLE_FOUND,
  CONSOLE_PAGE,
  consoleFound,
  consoleLength,
  consolePage,
  consoleText,
  isAtWork,
} from "../../api/run";
import { save } from "../../components/save";
import { Empty, Trouble, Waiting } from "../../components/States";
import { counted } from "../../model/format";

const LINE = 20;

export function Logs({ id, run }: { id: RunId; run: Run }) {
  const length = useQuery(consoleLength(id));
  const [typed, setTyped] = useState("");
  const [onlyErrors, setOnlyErrors] = useState(false);
  const [isFollowing, setFollowing] = useState(isAtWork(run.state));
  const isSearching = typed.trim() !== "" || onlyErrors;
  const total = length.data ?? 0;
  const found = useQuery({ ...consoleFound(id, typed.trim(), onlyErrors, total), enabled: isSearching });
  if (length.isError) return <Trouble error={length.error} again={() => void length.refetch()} />;
  if (length.data === undefined) return <Waiting lines={12} />;
  if (total === 0) {
    return (
      <Empty title="Nothing was printed">
        <p>
          {isAtWork(run.state)
            ? "What the training prints appears here at once."
            : "Its standard output was empty, or its client was told not to send it."}
        </p>
      </Empty>
    );
  }
  const matches = found.data ?? [];
  return (
    <div className="logs">
      <div className="toolbar">
        <input
          className="field"
          type="search"
          placeholder="Search in the log"
          aria-label="Search in the log"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <label className="check">
          <input type="checkbox" checked={onlyErrors} onChange={(event) => setOnlyErrors(event.target.checked)} /> Only
          errors
        </label>
        <label className="check">
          <input type="checkbox" checked={isFollowing} onChange={(event) => setFollowing(event.target.checked)} />{" "}
          Follow the end
        </label>
        <span className="soft logs-count" role="status">
          {isSearching
            ? `${counted(matches.length, "line")}${matches.length === CONSOLE_FOUND ? " at least" : ""} of ${counted(total, "line")}`
            : counted(total, "line")}
        </span>
        <button
          type="button"
          className="button"
          onClick={() =>
            void consoleText(id).then((text) => save(`${id.run}.log`, new Blob([text], { type: "text/plain" })))
          }
        >
          Download
        </button>
      </div>
      {isSearching ? (
        found.isError ? (
          <Trouble error={found.error} />
        ) : (
          <Lines
            count={matches.length}
            lineAt={(index) => matches[index]}
            isFollowing={false}
            onAway={() => undefined}
            typed={typed.trim()}
          />
        )
      ) : (
        <All id={id} total={total} isFollowing={isFollowing} onAway={() => setFollowing(false)} />
      )}
    </div>
  );
}

function All({
  id,
  total,
  isFollowing,
  onAway,
}: {
  id: RunId;
  total: number;
  isFollowing: boolean;
  onAway: () => void;
}) {
  const [pages, setPages] = useState<number[]>([isFollowing ? Math.floor(Math.max(0, total - 1) / CONSOLE_PAGE) : 0]);
  const read = useQueries({ queries: pages.map((page) => consolePage(id, page)) });
  const byPage = new Map(pages.map((page, index) => [page, read[index]?.data]));
  const failed = read.find(({ isError }) => isError);
  if (failed !== undefined) return <Trouble error={failed.error} />;
  const lineAt = (index: number) => {
    const page = byPage.get(Math.floor(index / CONSOLE_PAGE));
    const first = page?.[index % CONSOLE_PAGE];
    return first?.line === index ? first : page?.find(({ line }) => line === index);
  };
  return (
    <Lines
      count={total}
      lineAt={lineAt}
      isFollowing={isFollowing}
      onAway={onAway}
      typed=""
      onSeen={(from, to) => {
        const [first, last] = [Math.floor(from / CONSOLE_PAGE), Math.floor(to / CONSOLE_PAGE)];
        const seen = Array.from({ length: last - first + 1 }, (_, page) => first + page);
        setPages((before) => (before.join() === seen.join() ? before : seen));
      }}
    />
  );
}

interface LinesProps {
  count: number;
  lineAt: (index: number) => ConsoleLine | undefined;
  isFollowing: boolean;
  /** Somebody scrolls up, and wants to stay there. */
  onAway: () => void;
  typed: string;
  onSeen?: (from: number, to: number) => void;
}

function Lines({ count, lineAt, isFollowing, onAway, typed, onSeen }: LinesProps) {
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
          return (
            <div
              key={index}
              className={line?.level === "error" ? "console-line error" : "console-line"}
              style={{ transform: `translateY(${start}px)` }}
            >
              <span className="console-number" title={line?.time ?? undefined}>
                {line === undefined ? index + 1 : line.line + 1}
              </span>
              <span className="console-text">{line === undefined ? "" : marked(line.text, typed)}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** A text with what was looked for marked. */
function marked(text: string, typed: string) {
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
