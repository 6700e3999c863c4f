/** A project: its tabs, and the page of one of them. */
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useParams, useSearch } from "@tanstack/react-router";
import { projectExists } from "../../api/projects";
import { Empty, Trouble } from "../../components/States";
import "./project.css";
import { Views } from "./Views";

export function Project() {
  const { entity = "", project = "" } = useParams({ strict: false });
  const { filter, at } = useSearch({ strict: false });
  const tab = useLocation({ select: ({ pathname }) => pathname.split("/")[3] ?? "" });
  const here = (isHere: boolean) => (isHere ? ({ "aria-current": "page" } as const) : {});
  const found = useQuery(projectExists(`${entity}/${project}`));
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.data === false) {
    return (
      <Empty isPage title={`There is no project ${project} of ${entity}`}>
        <p>A project begins with its first run; one that was deleted is there again with the next.</p>
        <Link to="/" className="button">
          All projects
        </Link>
      </Empty>
    );
  }
  const params = { entity, project };
  // Filter and moment are one for workspace and table: they show the same runs.
  const search = { filter, at };
  return (
    <div className="filled">
      <h1 className="unseen">
        {entity}/{project}
      </h1>
      <nav className="tabs" aria-label="Of this project">
        <Link
          to="/$entity/$project/workspace"
          params={params}
          search={search}
          {...here(tab !== "table" && tab !== "artifacts")}
        >
          Workspace
        </Link>
        <Link to="/$entity/$project/table" params={params} search={search} {...here(tab === "table")}>
          Runs table
        </Link>
        <Link to="/$entity/$project/artifacts" params={params} {...here(tab === "artifacts")}>
          Artifacts
        </Link>
        {tab !== "artifacts" && (
          <Views project={`${entity}/${project}`} page={tab === "table" ? "table" : "workspace"} />
        )}
      </nav>
      <Outlet />
    </div>
  );
}
