/** What is stored: by project, and for admins in all. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { usage, wholeStore } from "../../api/storage";
import { Told, Waiting } from "../../components/States";
import { counted, formatBytes } from "../../model/format";
import { paramsOf } from "../address";
import { Rows } from "./parts";

const LISTED = 200;

export function Storage({ isAdmin }: { isAdmin: boolean }) {
  const found = useQuery(usage);
  const whole = useQuery({ ...wholeStore, enabled: isAdmin });
  return (
    <section className="card" aria-label="Storage">
      <div className="settings-head">
        <h2>Storage</h2>
        {whole.data !== undefined && (
          <span className="faint">
            The log has {formatBytes(whole.data.log.bytes)} in {counted(whole.data.log.files, "segment")}; the tables{" "}
            {formatBytes(whole.data.tables.bytes)} in {counted(whole.data.tables.files, "file")}.
          </span>
        )}
      </div>
      {found.isError && <Told error={found.error} />}
      {found.data === undefined ? (
        !found.isError && <Waiting lines={3} />
      ) : (
        <Rows label="Storage by project" heads={["Project", "Runs", "Values of metrics", "Files of runs", "Artifacts"]}>
          {found.data.slice(0, LISTED).map(({ project, runs, values, files, artifacts }) => {
            const { entity, project: name } = paramsOf(project, "");
            return (
              <tr key={project}>
                <td className="cut">
                  <Link to="/$entity/$project/table" params={{ entity, project: name }}>
                    {project}
                  </Link>
                </td>
                <td className="number">{runs.toLocaleString("en-US")}</td>
                <td className="number">{values.toLocaleString("en-US")}</td>
                <td className="number">{formatBytes(files)}</td>
                <td className="number">{formatBytes(artifacts)}</td>
              </tr>
            );
          })}
        </Rows>
      )}
      {found.data !== undefined && found.data.length > LISTED && (
        <p className="faint">
          The {LISTED} largest of {counted(found.data.length, "project")}.
        </p>
      )}
    </section>
  );
}
