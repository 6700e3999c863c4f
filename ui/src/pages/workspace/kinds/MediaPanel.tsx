/** What the drawn runs logged to look at and listen to under one key, all at the step that the slider says. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { loggedValues, VALUES_MAX } from "../../../api/logged";
import { colorAt } from "../../../charts/colors";
import { GalleryFiles } from "../../../components/GalleryFiles";
import { Told } from "../../../components/States";
import { StepSlider } from "../../../components/StepSlider";
import { counted, formatNumber } from "../../../model/format";
import { byRun, heldAt, stepsIn } from "../../../model/loggedValues";
import type { MediaFile } from "../../../model/media";
import { filesOf } from "../../../model/media";
import { paramsOf } from "../../address";
import type { KindProps } from "../RunPanel";
import type { Scene } from "../scene";
import type { Listed } from "../selection";

/** Runs that stand in one panel. */
const RUNS = 20;
/** Files of a run that are shown at first. */
const FILES = 8;

export function MediaPanel({ panel, title, room, scene }: Omit<KindProps, "runs">) {
  const { project, at, address } = scene;
  const key = panel.keys?.[0] ?? "";
  const runs = scene.runs.slice(0, RUNS);
  const ids = runs.map(({ id }) => id);
  const found = useQuery(loggedValues(project, ids, key, at));
  const logged = useMemo(
    () =>
      byRun(found.data?.values ?? [], (value): MediaFile[] | null => {
        const files = filesOf(value);
        return files.length > 0 ? files : null;
      }),
    [found.data],
  );
  if (key === "") return <div className="panel-empty">Edit this panel to choose what it shows</div>;
  if (runs.length === 0) return <div className="panel-empty">No run is shown</div>;
  if (found.isError) return <Told error={found.error} />;
  if (found.data === undefined) return <div className="skeleton" style={{ height: room.height }} />;
  const having = runs.filter(({ id }) => logged.has(id));
  if (having.length === 0) return <div className="panel-empty">No run that is shown has it</div>;
  const steps = stepsIn(logged.values());
  return (
    <div className="media-panel" style={{ height: room.height }}>
      <div className="media-panel-bar">
        <StepSlider steps={steps} step={address.step} onStep={scene.onStep} />
        <span className="faint cut">
          {counted(having.length, "run")}
          {scene.runs.length > RUNS && ` of the first ${RUNS} that are drawn`}
          {!found.data.isWhole && `, the newest ${formatNumber(VALUES_MAX)} values`}
        </span>
      </div>
      <ul className="media-panel-runs" tabIndex={0} aria-label={`${title} by run`}>
        {having.map((run) => (
          <RunMedia key={run.id} run={run} logged={logged.get(run.id) ?? []} scene={scene} />
        ))}
      </ul>
    </div>
  );
}

interface RunMediaProps {
  run: Listed;
  logged: { step: number; value: MediaFile[] }[];
  scene: Scene;
}

function RunMedia({ run, logged, scene }: RunMediaProps) {
  const { project, theme, address } = scene;
  const held = heldAt(logged, address.step);
  return (
    <li aria-label={run.name}>
      <p className="media-panel-run">
        <i style={{ background: colorAt(run.place, theme) }} />
        <Link className="cut" to="/$entity/$project/runs/$run" params={paramsOf(project, run.id)}>
          {run.name}
        </Link>
        <span className="faint">
          {held === undefined
            ? `nothing before step ${formatNumber(logged[0]?.step ?? 0)}`
            : `step ${formatNumber(held.step)}`}
        </span>
      </p>
      {held !== undefined && <GalleryFiles id={{ project, run: run.id }} files={held.value} first={FILES} />}
    </li>
  );
}
