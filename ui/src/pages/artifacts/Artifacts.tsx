/** The artifacts of a project: its collections by type. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { Collection } from "../../api/artifacts";
import { collections } from "../../api/artifacts";
import { ARTIFACT_KINDS } from "../../api/events";
import { Ago } from "../../components/Bits";
import { Offline, useLive } from "../../components/live";
import { Empty, Trouble, Waiting } from "../../components/States";
import { byKind } from "../../model/artifacts";
import { counted, formatBytes } from "../../model/format";
import "../table/table.css";
import { Aliases } from "./parts";

export function Artifacts() {
  const { entity = "", project = "" } = useParams({ strict: false });
  const path = `${entity}/${project}`;
  const [typed, setTyped] = useState("");
  const found = useQuery(collections(path));
  const isUp = useArtifactsLive(path);
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.data === undefined) return <Waiting lines={8} />;
  const { collections: all, isWhole } = found.data;
  if (all.length === 0) return <None isUp={isUp} />;
  const kinds = byKind(all, typed);
  return (
    <div className="artifacts">
      <div className="toolbar">
        <input
          className="field"
          type="search"
          placeholder="Search artifacts"
          aria-label="Search artifacts"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <span className="faint">
          {counted(all.length, "collection")}
          {!isWhole && "; the project has more than are listed"}
        </span>
      </div>
      {kinds.map(({ kind, collections }) => (
        <section key={kind} aria-label={kind}>
          <h2>
            {kind} <span className="faint number">{collections.length}</span>
          </h2>
          <Rows project={path} kind={kind} collections={collections} />
        </section>
      ))}
      {kinds.length === 0 && <p className="faint charts-none">No artifact has “{typed}” in its name or type.</p>}
      <Offline isUp={isUp} />
    </div>
  );
}

/** Asks anew for what events of artifacts make old. */
export function useArtifactsLive(project: string): boolean {
  const client = useQueryClient();
  return useLive(
    [`project:${project}`, ...ARTIFACT_KINDS.map((kind) => `kind:${kind}`)].join(","),
    () => void client.invalidateQueries({ queryKey: ["artifacts", project] }),
    1_000,
  );
}

function None({ isUp }: { isUp: boolean }) {
  return (
    <Empty title="No artifact was logged yet">
      <p>
        A training logs one with <code>run.log_artifact</code>; each <code>wandb.Table</code> makes one too.
      </p>
      <Offline isUp={isUp} />
    </Empty>
  );
}

function Rows({ project, kind, collections }: { project: string; kind: string; collections: Collection[] }) {
  const [entity = "", inside = ""] = project.split("/");
  return (
    <div className="artifact-rows" role="region" aria-label={`Collections of ${kind}`} tabIndex={0}>
      <table className="artifact-collections">
        <thead>
          <tr>
            <th>Name</th>
            <th>Newest</th>
            <th>Its aliases</th>
            <th className="number">Versions</th>
            <th className="number">Size</th>
            <th>Made</th>
          </tr>
        </thead>
        <tbody>
          {collections.map(({ name, versions, newest }) => (
            <tr key={name}>
              <td className="cut">
                <Link
                  to="/$entity/$project/artifacts/$kind/$name"
                  params={{ entity, project: inside, kind, name }}
                  title={name}
                >
                  {name}
                </Link>
              </td>
              <td className="number">{newest?.version}</td>
              <td>{newest !== null && <Aliases version={newest} />}</td>
              <td className="number">{versions.toLocaleString("en-US")}</td>
              <td className="number">{newest !== null && formatBytes(newest.size)}</td>
              <td>{newest !== null && <Ago moment={newest.createdAt} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
