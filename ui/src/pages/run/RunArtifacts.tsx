/** What a run uses, and what it logged. */
import { useQuery } from "@tanstack/react-query";
import type { Listed } from "../../api/artifacts";
import { runArtifacts } from "../../api/artifacts";
import type { Run, RunId } from "../../api/run";
import { isAtWork } from "../../api/run";
import { Empty, Trouble, Waiting } from "../../components/States";
import { counted } from "../../model/format";
import { useArtifactsLive } from "../artifacts/Artifacts";
import { Versions } from "../artifacts/parts";

export default function RunArtifacts({ id, run }: { id: RunId; run: Run }) {
  const found = useQuery(runArtifacts(id));
  useArtifactsLive(id.project);
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.data === undefined) return <Waiting lines={6} />;
  const { used, logged } = found.data;
  if (used.total + logged.total === 0) {
    return (
      <Empty title="This run has no artifacts">
        <p>
          {isAtWork(run.state)
            ? "They appear here as soon as they are used or logged."
            : "A training uses one with run.use_artifact and logs one with run.log_artifact."}
        </p>
      </Empty>
    );
  }
  return (
    <div className="artifacts">
      <Part title="Used" none="This run used no artifact." part={used} from={id.project} />
      <Part title="Logged" none="This run logged no artifact." part={logged} from={id.project} />
    </div>
  );
}

function Part({ title, none, part, from }: { title: string; none: string; part: Listed; from: string }) {
  const left = part.total - part.versions.length;
  return (
    <section aria-label={title}>
      <h2>
        {title} <span className="faint number">{part.total}</span>
      </h2>
      {part.total === 0 ? (
        <p className="faint artifacts-none">{none}</p>
      ) : (
        <Versions label={`${title} artifacts`} versions={part.versions} from={from} />
      )}
      {left > 0 && <p className="faint artifacts-none">{counted(left, "more")} are not listed.</p>}
    </section>
  );
}
