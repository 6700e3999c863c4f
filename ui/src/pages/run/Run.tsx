/** The page of a run: what it is, and a tab for each thing it has. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { RunId } from "../../api/run";
import { run as runQuery } from "../../api/run";
import { undelete } from "../../api/runs";
import { Offline, useLive } from "../../components/live";
import { Trouble, Waiting } from "../../components/States";
import { Charts } from "./Charts";
import { Events } from "./Events";
import { Files } from "./Files";
import { Head } from "./Head";
import { Logs } from "./Logs";
import { Media } from "./Media";
import { Overview } from "./Overview";
import "./run.css";

const RunArtifacts = lazy(() => import("./RunArtifacts"));

const TABS = [
  ["overview", "Overview"],
  ["charts", "Charts"],
  ["media", "Media"],
  ["system", "System"],
  ["logs", "Logs"],
  ["files", "Files"],
  ["artifacts", "Artifacts"],
  ["events", "Events"],
] as const;

/** Parts of the page that an event of a kind makes old. */
const STALE: Record<string, string[]> = {
  Logged: ["keys", "charts", "media"],
  SystemSampled: ["keys", "charts"],
  ConsoleWritten: ["console"],
  FilePut: ["files", "urls"],
  FileDeleted: ["files"],
};

export function Run() {
  const { entity = "", project: name = "", run = "", tab = "overview" } = useParams({ strict: false });
  const id: RunId = { project: `${entity}/${name}`, run };
  const found = useQuery(runQuery(id));
  const client = useQueryClient();
  const isUp = useLive(
    `run:${id.project}/${run}`,
    (events) => {
      const kinds = new Set(events.map(({ kind }) => kind));
      const stale = new Set([...kinds].flatMap((kind) => STALE[kind] ?? []));
      if (kinds.has("Logged")) void client.refetchQueries({ queryKey: ["logged", id.project, [run]], stale: true });
      for (const part of stale) {
        if (part === "charts") void client.invalidateQueries({ queryKey: ["chart"] });
        else void client.invalidateQueries({ queryKey: ["run", id.project, run, part] });
      }
      void client.invalidateQueries({ queryKey: ["run", id.project, run, "events"] });
      void client.invalidateQueries({ queryKey: runQuery(id).queryKey, exact: true });
    },
    500,
  );
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.data === undefined) return <Waiting lines={12} />;
  const params = { entity, project: name, run };
  return (
    <div className="filled">
      <Head id={id} run={found.data} />
      {found.data.isDeleted && <Deleted id={id} onDone={() => void found.refetch()} />}
      <nav className="tabs" aria-label="Of this run">
        {TABS.map(([path, label]) => (
          <Link
            key={path}
            to="/$entity/$project/runs/$run/$tab"
            params={{ ...params, tab: path }}
            {...(path === tab ? { "aria-current": "page" } : {})}
          >
            {label}
          </Link>
        ))}
      </nav>
      <div className="run-body" key={`${id.project}/${run}/${tab}`}>
        {tab === "charts" || tab === "system" ? (
          <Charts id={id} run={found.data} stream={tab === "system" ? "system" : "history"} />
        ) : tab === "logs" ? (
          <Logs id={id} run={found.data} />
        ) : tab === "media" ? (
          <Media id={id} run={found.data} />
        ) : tab === "files" ? (
          <Files id={id} />
        ) : tab === "artifacts" ? (
          <Suspense fallback={<Waiting lines={6} />}>
            <RunArtifacts id={id} run={found.data} />
          </Suspense>
        ) : tab === "events" ? (
          <Events id={id} />
        ) : (
          <Overview id={id} run={found.data} />
        )}
      </div>
      <Offline isUp={isUp} />
    </div>
  );
}

function Deleted({ id, onDone }: { id: RunId; onDone: () => void }) {
  return (
    <div className="told warn run-deleted" role="status">
      This run is deleted. It is kept for a while, and can be brought back until it is erased.
      <button
        type="button"
        className="button small"
        onClick={() => void undelete(`${id.project}/${id.run}`).then(onDone)}
      >
        Bring it back
      </button>
    </div>
  );
}
