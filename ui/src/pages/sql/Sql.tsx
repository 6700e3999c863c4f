/** SQL over everything: an editor, the answer as a table, and a link that asks the same. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { ApiError } from "../../api/http";
import { download } from "../../api/sql";
import { answer, schema } from "../../api/answer";
import { Copy } from "../../components/Bits";
import { Menu } from "../../components/Menu";
import { save } from "../../components/save";
import { Empty, Told, Waiting } from "../../components/States";
import { counted } from "../../model/format";
import { Answer } from "./Answer";
import "./sql.css";

const Editor = lazy(() => import("./Editor"));

const EXAMPLES: [string, string][] = [
  [
    "The best runs",
    "SELECT project, name, state, summary.loss\nFROM runs\nWHERE state = 'Finished'\nORDER BY summary.loss NULLS LAST\nLIMIT 20",
  ],
  [
    "Runs of each project",
    "SELECT entity, project, state, count(*) AS runs, max(heartbeat_at) AS last_heard\nFROM runs\nGROUP BY entity, project, state\nORDER BY last_heard DESC",
  ],
  [
    "What was logged most",
    "SELECT project, key, type, runs, points\nFROM keys\nWHERE space = 'history'\nORDER BY points DESC\nLIMIT 50",
  ],
  [
    "Who changed what",
    "SELECT time, actor, kind, project, run_id\nFROM events\nWHERE kind IN ('RunChanged', 'StateChanged', 'RunDeleted')\nORDER BY lsn DESC\nLIMIT 50",
  ],
];

const FILES: [string, string, string][] = [
  ["CSV", "csv", "text/csv"],
  ["JSON lines", "ndjson", "application/x-ndjson"],
  ["Parquet", "parquet", "application/vnd.apache.parquet"],
  ["Arrow", "arrow", "application/vnd.apache.arrow.stream"],
];

export function Sql() {
  const { q } = useSearch({ from: "/inside/sql" });
  const navigate = useNavigate();
  const [draft, setDraft] = useState(q ?? EXAMPLES[1]?.[1] ?? "");
  const [known, setKnown] = useState(q);
  const [told, setTold] = useState<unknown>(null);
  if (known !== q) {
    setKnown(q);
    setDraft(q ?? "");
  }
  const names = useQuery(schema);
  const found = useQuery({ ...answer(q ?? ""), enabled: q !== undefined });
  const ask = (sql: string) => {
    setTold(null);
    if (sql.trim() === "") return;
    if (sql === q) void found.refetch();
    else void navigate({ to: "/sql", search: { q: sql } });
  };
  const keep = async (name: string, media: string) => {
    try {
      save(`answer.${name}`, await download(draft, media));
    } catch (error) {
      setTold(error);
    }
  };
  const wrong = found.error ?? told;
  const place = wrong instanceof ApiError ? wrong.position : null;
  return (
    <div className="sql">
      <h1 className="unseen">SQL</h1>
      <div className="sql-editor">
        <Suspense fallback={<div className="skeleton sql-waiting" />}>
          <Editor value={draft} names={names.data ?? {}} place={place} onChange={setDraft} onRun={ask} />
        </Suspense>
      </div>
      <div className="sql-bar">
        <button type="button" className="button primary" onClick={() => ask(draft)}>
          Run <kbd>Ctrl Enter</kbd>
        </button>
        <Menu
          label="Examples"
          className="button"
          trigger="Examples"
          items={EXAMPLES.map(([label, sql]) => ({ label, onSelect: () => setDraft(sql) }))}
        />
        <Menu
          label="Download the answer"
          className="button"
          trigger="Download"
          items={FILES.map(([label, name, media]) => ({ label, onSelect: () => void keep(name, media) }))}
        />
        {q !== undefined && (
          <Copy text={`${location.origin}/sql?q=${encodeURIComponent(JSON.stringify(q))}`} label="Copy the link" />
        )}
        <span className="soft sql-told" role="status">
          {found.isFetching
            ? "Asking…"
            : found.data !== undefined && found.error === null
              ? `${counted(found.data.rows.length, "row")} in ${found.data.milliseconds} ms, at position ${found.data.lsn}`
              : ""}
        </span>
      </div>
      {wrong !== null ? (
        <div className="sql-wrong">
          <Told error={wrong} />
        </div>
      ) : found.data !== undefined ? (
        <Answer answer={found.data} />
      ) : found.isFetching ? (
        <Waiting lines={8} />
      ) : (
        <Empty title="Ask anything">
          <p>
            Tables: runs, history, points, system, console, files, events, run_changes, projects, keys, quarantine. Keys
            of config, summary and history are columns: <code>config.lr</code>, <code>summary."val/acc"</code>.
          </p>
        </Empty>
      )}
    </div>
  );
}
