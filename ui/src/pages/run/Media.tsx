/** What a run logged to look at and listen to, by steps, and its histograms over all of them. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { MEDIA_MAX, runMedia } from "../../api/media";
import type { Run, RunId } from "../../api/run";
import { isAtWork } from "../../api/run";
import { Frame } from "../../charts/Frame";
import { GalleryFiles } from "../../components/GalleryFiles";
import { Empty, Trouble, Waiting } from "../../components/States";
import { StepSlider } from "../../components/StepSlider";
import { counted, formatNumber } from "../../model/format";
import type { Shown } from "../../model/media";
import { shownAt, stepsOf } from "../../model/media";
import "./media.css";

const HeatMap = lazy(() => import("./HeatMap"));

/** Files of a step that are shown at first. */
const FILES = 24;

export function Media({ id, run }: { id: RunId; run: Run }) {
  const found = useQuery(runMedia(id));
  const [chosen, setChosen] = useState<number>();
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.data === undefined) return <Waiting lines={8} />;
  const { galleries, histograms, isWhole } = found.data;
  if (galleries.length === 0 && histograms.length === 0) {
    return (
      <Empty title="No media were logged">
        <p>
          {isAtWork(run.state)
            ? "They appear here as soon as they are logged."
            : "A training logs them with run.log, as wandb.Image, wandb.Video, wandb.Audio or wandb.Histogram."}
        </p>
      </Empty>
    );
  }
  const steps = stepsOf(found.data);
  // Until somebody chooses, the newest.
  const step = chosen ?? steps.at(-1) ?? 0;
  return (
    <div className="media">
      {!isWhole && (
        <div className="told warn" role="status">
          This run has more than {counted(MEDIA_MAX, "value")} of this sort. You see the first ones.
        </div>
      )}
      {galleries.length > 0 && (
        <div className="media-bar">
          <StepSlider steps={steps} step={chosen} onStep={setChosen} />
          <span className="faint">
            {counted(steps.length, "step")} with media; all galleries move together, by the arrow keys too.
          </span>
        </div>
      )}
      {galleries.map(({ key, shown }) => (
        <Gallery key={key} id={id} name={key} shown={shownAt(shown, step)} />
      ))}
      {histograms.length > 0 && (
        <div className="media-heat">
          {histograms.map(({ key, histograms }) => (
            <Frame key={key} title={key} height={240}>
              {({ height, wasSeen }) =>
                wasSeen && (
                  <Suspense fallback={<div className="skeleton" style={{ height }} />}>
                    <HeatMap title={key} histograms={histograms} height={height} />
                  </Suspense>
                )
              }
            </Frame>
          ))}
        </div>
      )}
    </div>
  );
}

function Gallery({ id, name, shown }: { id: RunId; name: string; shown: Shown | undefined }) {
  const files = shown?.files ?? [];
  return (
    <section className="card gallery" aria-label={name}>
      <div className="gallery-head">
        <h2 className="cut">{name}</h2>
        <span className="faint">
          step {formatNumber(shown?.step ?? 0)} · {counted(files.length, "file")}
        </span>
      </div>
      <GalleryFiles id={id} files={files} first={FILES} />
    </section>
  );
}
