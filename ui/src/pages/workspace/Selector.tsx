/** The runs of a workspace: whose lines are drawn, and in which colour. */
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { colorAt } from "../../charts/colors";
import { useTheme } from "../../components/theme";
import { counted } from "../../model/format";
import type { WorkspaceAddress } from "../address";
import type { Listed } from "./selection";
import { RUNS_MAX } from "./selection";

interface SelectorProps {
  project: string;
  runs: Listed[];
  total: number;
  address: WorkspaceAddress;
  onChange: (change: Partial<WorkspaceAddress>, isStep?: boolean) => void;
}

const LINE = 28;

export function Selector({ project, runs, total, address, onChange }: SelectorProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 10,
  });
  const theme = useTheme();
  const hidden = new Set(address.hide ?? []);
  const [entity = "", name = ""] = project.split("/");
  const shown = runs.filter(({ id }) => !hidden.has(id)).length;
  const setHidden = (ids: string[]) => onChange({ hide: ids.length > 0 ? ids : undefined }, false);
  const toggle = (id: string) =>
    setHidden(hidden.has(id) ? [...hidden].filter((other) => other !== id) : [...hidden, id]);
  return (
    <aside className="selector" aria-label="Runs">
      <div className="selector-head">
        <input
          className="field"
          type="search"
          placeholder="Find runs: text or regex"
          aria-label="Find runs"
          value={address.find ?? ""}
          onChange={(event) => onChange({ find: event.target.value === "" ? undefined : event.target.value }, false)}
        />
        <div className="selector-count">
          <span className="faint" role="status">
            {shown} of {counted(total, "run")} drawn
          </span>
          <button
            type="button"
            className="button quiet small"
            onClick={() => setHidden(shown === 0 ? [] : runs.map(({ id }) => id))}
          >
            {shown === 0 ? "Draw all" : "Draw none"}
          </button>
        </div>
      </div>
      <div ref={scroller} className="selector-list">
        <ul style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map(({ index, start }) => {
            const run = runs[index];
            if (run === undefined) return null;
            const isShown = !hidden.has(run.id);
            return (
              <li key={run.id} className={isShown ? "" : "closed"} style={{ transform: `translateY(${start}px)` }}>
                <button
                  type="button"
                  className="eye"
                  aria-pressed={isShown}
                  aria-label={`Draw ${run.name}`}
                  title={isShown ? "Drawn" : "Not drawn"}
                  onClick={() => toggle(run.id)}
                >
                  <span
                    style={
                      isShown ? { background: colorAt(run.place, theme), borderColor: colorAt(run.place, theme) } : {}
                    }
                  />
                </button>
                <Link
                  className="cut"
                  to="/$entity/$project/runs/$run"
                  params={{ entity, project: name, run: run.id }}
                  title={`${run.name} (${run.id})`}
                >
                  {run.name}
                </Link>
                <span className={`dot ${run.state.toLowerCase()}`} title={run.state} />
              </li>
            );
          })}
        </ul>
      </div>
      {total > RUNS_MAX && <p className="faint selector-more">The newest {RUNS_MAX}; a filter chooses others.</p>}
    </aside>
  );
}
