/** The console of a run: read by pages wherever one looks, and live at its end. The address keeps the line that is marked. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Run, RunId } from "../../api/run";
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
import type { LinesProps } from "./ConsoleLines";
import { Lines } from "./ConsoleLines";
import { GoTo } from "./GoTo";

export function Logs({ id, run }: { id: RunId; run: Run }) {
  const length = useQuery(consoleLength(id));
  const [typed, setTyped] = useState("");
  const [onlyErrors, setOnlyErrors] = useState(false);
  const [isFollowing, setFollowing] = useState(isAtWork(run.state) && !location.search.includes("line="));
  const { line }: { line?: unknown } = useSearch({ strict: false });
  const marked = typeof line === "number" && Number.isInteger(line) && line > 0 ? line - 1 : null;
  const navigate = useNavigate();
  const goTo = (index: number) => {
    setTyped("");
    setOnlyErrors(false);
    setFollowing(false);
    void navigate({ to: ".", search: { line: index + 1 } as never, replace: true });
  };
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
        <GoTo id={id} run={run} total={total} onLine={goTo} />
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
            at={null}
            onLine={goTo}
          />
        )
      ) : (
        <All
          id={id}
          total={total}
          at={marked}
          isFollowing={isFollowing}
          onAway={() => setFollowing(false)}
          onLine={goTo}
        />
      )}
    </div>
  );
}

type AllProps = Pick<LinesProps, "at" | "isFollowing" | "onAway" | "onLine"> & { id: RunId; total: number };

function All({ id, total, ...shown }: AllProps) {
  const first = shown.at ?? (shown.isFollowing ? Math.max(0, total - 1) : 0);
  const [pages, setPages] = useState<number[]>([Math.floor(first / CONSOLE_PAGE)]);
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
      {...shown}
      typed=""
      onSeen={(from, to) => {
        const [first, last] = [Math.floor(from / CONSOLE_PAGE), Math.floor(to / CONSOLE_PAGE)];
        const seen = Array.from({ length: last - first + 1 }, (_, page) => first + page);
        setPages((before) => (before.join() === seen.join() ? before : seen));
      }}
    />
  );
}
