/** What pages of artifacts and of runs show of versions. */
import { Link } from "@tanstack/react-router";
import type { RunLink, Version } from "../../api/artifacts";
import { Ago } from "../../components/Bits";
import { formatBytes } from "../../model/format";
import { paramsOf } from "../address";
import "./artifacts.css";

export function Aliases({ version: { version, aliases } }: { version: Version }) {
  return (
    <span className="tags">
      {aliases
        .filter((alias) => alias !== version)
        .map((alias) => (
          <span key={alias} className="tag cut">
            {alias}
          </span>
        ))}
    </span>
  );
}

/** A run with its project, where that is another one. */
export function ToRun({ run, from }: { run: RunLink; from: string }) {
  return (
    <Link to="/$entity/$project/runs/$run" params={paramsOf(run.project, run.id)} title={`${run.project}/${run.id}`}>
      {run.project === from ? run.name : `${run.project}/${run.name}`}
    </Link>
  );
}

export function Maker({ version: { madeBy, author, project } }: { version: Version }) {
  if (madeBy !== null) return <ToRun run={madeBy} from={project} />;
  return author ?? <span className="faint">a run that is deleted</span>;
}

/** Versions of several collections, one in a row. */
export function Versions({ label, versions, from }: { label: string; versions: Version[]; from: string }) {
  return (
    <div className="artifact-rows" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th>Artifact</th>
            <th>Type</th>
            <th>Aliases</th>
            <th className="number">Size</th>
            <th className="number">Files</th>
            <th>Made by</th>
            <th>Made</th>
          </tr>
        </thead>
        <tbody>
          {versions.map((version) => (
            <tr key={`${version.project}/${version.collection}:${version.version ?? version.createdAt}`}>
              <td className="cut">
                <ToVersion version={version} from={from} />
              </td>
              <td className="soft">{version.kind}</td>
              <td>
                <Aliases version={version} />
              </td>
              <td className="number">{formatBytes(version.size)}</td>
              <td className="number">{version.files.toLocaleString("en-US")}</td>
              <td className="cut">
                <Maker version={version} />
              </td>
              <td>
                <Ago moment={version.createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ToVersion({ version: { project, collection, kind, version }, from }: { version: Version; from: string }) {
  const name = `${project === from ? "" : `${project}/`}${collection}`;
  if (version === null) return <>{name} (not whole yet)</>;
  const { entity, project: inside } = paramsOf(project, "");
  return (
    <Link
      to="/$entity/$project/artifacts/$kind/$name/$version"
      params={{ entity, project: inside, kind, name: collection, version }}
    >
      {name}:{version}
    </Link>
  );
}
