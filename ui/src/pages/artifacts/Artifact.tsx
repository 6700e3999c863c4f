/** A collection: its versions on the left, on the right what one of them is and has. */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { RunLink, Version } from "../../api/artifacts";
import { FILES_MAX, versionFacts, versionFiles, versionFileUrl, versions } from "../../api/artifacts";
import { Ago, Copy, Fact, Tags } from "../../components/Bits";
import { FileBrowser } from "../../components/FileBrowser";
import { Offline } from "../../components/live";
import { Empty, Told, Trouble, Waiting } from "../../components/States";
import { versionNamed } from "../../model/artifacts";
import { counted, formatBytes, formatMoment } from "../../model/format";
import "../run/run.css";
import { Tree } from "../run/Tree";
import { useArtifactsLive } from "./Artifacts";
import { Aliases, Maker, ToRun } from "./parts";

export function Artifact() {
  const { entity = "", project: inside = "", kind = "", name = "", version = "" } = useParams({ strict: false });
  const project = `${entity}/${inside}`;
  const found = useQuery(versions(project, name));
  const isUp = useArtifactsLive(project);
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.data === undefined) return <Waiting lines={10} />;
  const all = found.data.versions;
  const shown = version === "" ? all[0] : versionNamed(all, version);
  return (
    <div className="artifact">
      <nav className="artifact-versions" aria-label="Versions">
        <p>
          <Link to="/$entity/$project/artifacts" params={{ entity, project: inside }}>
            All artifacts
          </Link>
        </p>
        <h2 title={name}>{name}</h2>
        <p className="faint">
          {kind} · {counted(all.length, "version")}
          {!found.data.isWhole && " of more"}
        </p>
        <ul>
          {all.map((one) => (
            <li key={one.version}>
              <Link
                className={one === shown ? "file on" : "file"}
                to="/$entity/$project/artifacts/$kind/$name/$version"
                params={{ entity, project: inside, kind, name, version: one.version ?? "" }}
                {...(one === shown ? { "aria-current": "page" } : {})}
              >
                <span className="number">{one.version}</span> <Aliases version={one} />
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {shown?.version == null ? (
        <Empty title={`There is no version ${version} of ${name}`}>
          <p>The versions that there are stand on the left.</p>
        </Empty>
      ) : (
        <Details key={shown.version} shown={shown} version={shown.version} />
      )}
      <Offline isUp={isUp} />
    </div>
  );
}

function Details({ shown, version }: { shown: Version; version: string }) {
  const { project, collection } = shown;
  const facts = useQuery(versionFacts(project, collection, version));
  const path = `${project}/${collection}:${version}`;
  return (
    <div className="artifact-shown">
      <section className="card">
        <dl className="facts">
          <Fact name="Artifact">
            <code>{path}</code> <Copy text={path} />
          </Fact>
          <Fact name="Aliases">{shown.aliases.length > 0 ? <Aliases version={shown} /> : "none"}</Fact>
          {facts.data?.description != null && <Fact name="Description">{facts.data.description}</Fact>}
          {facts.data !== undefined && facts.data.tags.length > 0 && (
            <Fact name="Tags">
              <Tags tags={facts.data.tags} />
            </Fact>
          )}
          <Fact name="Size">
            {formatBytes(shown.size)} <span className="faint">in {counted(shown.files, "file")}</span>
          </Fact>
          <Fact name="Digest">
            <code>{shown.digest}</code>
          </Fact>
          <Fact name="Made by">
            <Maker version={shown} />
          </Fact>
          <Fact name="Used by">
            <Users runs={facts.data?.usedBy} project={project} />
          </Fact>
          <Fact name="Made">
            <Ago moment={shown.createdAt} /> <span className="faint">{formatMoment(shown.createdAt)}</span>
          </Fact>
        </dl>
        {facts.isError && <Told error={facts.error} />}
      </section>
      <section className="card">
        <h2>Metadata</h2>
        {facts.data !== undefined && <Tree value={facts.data.metadata} typed="" />}
      </section>
      <VersionFiles project={project} collection={collection} version={version} />
    </div>
  );
}

function Users({ runs, project }: { runs: RunLink[] | undefined; project: string }) {
  if (runs === undefined) return <span className="faint">…</span>;
  if (runs.length === 0) return <span className="faint">no run</span>;
  return (
    <ul className="artifact-users">
      {runs.map((run) => (
        <li key={`${run.project}/${run.id}`}>
          <ToRun run={run} from={project} />
        </li>
      ))}
    </ul>
  );
}

function VersionFiles({ project, collection, version }: { project: string; collection: string; version: string }) {
  const found = useQuery(versionFiles(project, collection, version));
  if (found.isError) return <Told error={found.error} />;
  if (found.data === undefined) return <Waiting lines={5} />;
  const { files, isWhole } = found.data;
  return (
    <section className="card artifact-files" aria-label={`Files of ${version}`}>
      {!isWhole && <p className="told warn">You see the first {counted(FILES_MAX, "file")}; the version has more.</p>}
      {files.length === 0 ? (
        <p className="faint">This version has no files.</p>
      ) : (
        <FileBrowser files={files} address={(file) => versionFileUrl(project, collection, version, file)} />
      )}
    </section>
  );
}
