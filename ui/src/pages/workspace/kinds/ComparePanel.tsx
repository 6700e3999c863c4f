/** The first runs that are shown, compared. */
import { Comparer } from "../../../components/Comparer";
import type { KindProps } from "../RunPanel";

export function ComparePanel({ title, room, scene }: Omit<KindProps, "runs">) {
  if (scene.runs.length === 0) return <div className="panel-empty">No run is shown</div>;
  return (
    <div style={{ height: room.height }}>
      <Comparer project={scene.project} ids={scene.runs.map(({ id }) => id)} label={title} at={scene.at} />
    </div>
  );
}
