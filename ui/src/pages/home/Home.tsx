/** All projects: what their runs are at, and when they were last heard. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { Project } from "../../api/projects";
import { projects } from "../../api/projects";
import { Ago, PasteLines } from "../../components/Bits";
import { Offline, useLive } from "../../components/live";
import { Empty, Trouble, Waiting } from "../../components/States";
import { counted } from "../../model/format";
import "./home.css";
import { matching } from "./matching";
import { Spark } from "./Spark";

const CHANGES = "kind:ProjectCreated,kind:RunCreated,kind:StateChanged,kind:RunDeleted,kind:RunUndeleted";

export function Home() {
  const { entity } = useParams({ strict: false });
  const [typed, setTyped] = useState("");
  const client = useQueryClient();
  const found = useQuery(projects);
  const isUp = useLive(CHANGES, () => void client.invalidateQueries({ queryKey: projects.queryKey }), 1_000);
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.isPending) return <Waiting lines={8} />;
  const own = found.data.filter((project) => entity === undefined || project.entity === entity);
  if (own.length === 0)
    return entity === undefined ? <FirstRun /> : <Empty isPage title={`${entity} has no projects`} />;
  const shown = matching(own, typed);
  return (
    <section className="home">
      <div className="home-head">
        <h1>{entity ?? "Projects"}</h1>
        <span className="faint">{counted(shown.length, "project")}</span>
        <input
          className="field"
          type="search"
          placeholder="Search projects"
          aria-label="Search projects"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
      <ul className="projects">
        {shown.map((project) => (
          <Card key={`${project.entity}/${project.project}`} project={project} />
        ))}
      </ul>
      {shown.length === 0 && <p className="faint">No project has “{typed}” in its name.</p>}
      <Offline isUp={isUp} />
    </section>
  );
}

const SHOWN = ["Running", "Finished", "Failed", "Crashed", "Killed"];

function Card({ project: { entity, project, runs, states, lastHeard, activity } }: { project: Project }) {
  return (
    <li>
      <Link className="project" to="/$entity/$project/table" params={{ entity, project }}>
        <span className="project-name">
          <span className="cut">
            <span className="faint">{entity} / </span>
            <b>{project}</b>
          </span>
          <span className="faint">{counted(runs, "run")}</span>
        </span>
        <span className="project-states">
          {SHOWN.filter((state) => (states[state] ?? 0) > 0).map((state) => (
            <span key={state} className={`badge ${state.toLowerCase()}`}>
              {states[state]} {state.toLowerCase()}
            </span>
          ))}
        </span>
        <Spark counts={activity} />
        <span className="project-heard soft">
          <Ago moment={lastHeard} />
        </span>
      </Link>
    </li>
  );
}

/** Where nothing was logged yet: what to paste. It turns into the first project by itself. */
function FirstRun() {
  return (
    <Empty isPage title="Log your first run">
      <p>Point the wandb client here. Nothing in the script changes; this page shows the run as soon as it begins.</p>
      <PasteLines />
      <p className="faint">
        <code>pip install wandb</code> brings the client.
      </p>
    </Empty>
  );
}
