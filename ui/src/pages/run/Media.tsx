/** What a run logged to look at and listen to, by steps, and its histograms over all of them. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { fileUrls, MEDIA_MAX, runMedia } from "../../api/media";
import type { Run, RunId } from "../../api/run";
import { isAtWork } from "../../api/run";
import { Frame } from "../../charts/Frame";
import { Empty, Told, Trouble, Waiting } from "../../components/States";
import { counted, formatNumber } from "../../model/format";
import type { MediaFile, Shown } from "../../model/media";
import { shownAt, stepsOf } from "../../model/media";
import "./media.css";

const HeatMap = lazy(() => import("./HeatMap"));

/** Files of a step that are shown at first. */
const FILES = 24;

export function Media({ id, run }: { id: RunId; run: Run }) {
  const found = useQuery(runMedia(id));
  const [chosen, setChosen] = useState<number | null>(null);
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
  const at = chosen ?? steps.length - 1;
  return (
    <div className="media">
      {!isWhole && (
        <div className="told warn" role="status">
          This run has more than {counted(MEDIA_MAX, "value")} of this sort. You see the first ones.
        </div>
      )}
      {galleries.length > 0 && (
        <div className="media-bar">
          <label>
            Step{" "}
            <input
              type="range"
              min={0}
              max={Math.max(0, steps.length - 1)}
              value={at}
              disabled={steps.length < 2}
              aria-valuetext={`step ${steps[at] ?? 0}`}
              onChange={(event) => setChosen(Number(event.target.value))}
            />
          </label>
          <span className="number" role="status">
            {formatNumber(steps[at] ?? 0)}
          </span>
          <span className="faint">
            {counted(steps.length, "step")} with media; all galleries move together, by the arrow keys too.
          </span>
        </div>
      )}
      {galleries.map(({ key, shown }) => (
        <Gallery key={key} id={id} name={key} shown={shownAt(shown, steps[at] ?? 0)} />
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
  const [all, setAll] = useState(false);
  const files = shown?.files ?? [];
  const listed = all ? files : files.slice(0, FILES);
  const urls = useQuery({
    ...fileUrls(id, [...new Set(listed.map(({ path }) => path))]),
    placeholderData: keepPreviousData,
  });
  return (
    <section className="card gallery" aria-label={name}>
      <div className="gallery-head">
        <h2 className="cut">{name}</h2>
        <span className="faint">
          step {formatNumber(shown?.step ?? 0)} · {counted(files.length, "file")}
        </span>
      </div>
      {urls.isError ? (
        <Told error={urls.error} />
      ) : (
        <ul className={urls.isPlaceholderData ? "gallery-files stale" : "gallery-files"}>
          {listed.map((file, at) => (
            <li key={`${file.path} ${at}`}>
              <Item
                file={file}
                url={urls.data?.get(file.path)}
                isAsked={urls.data !== undefined && !urls.isPlaceholderData}
              />
              {file.caption !== "" && (
                <p className="cut faint" title={file.caption}>
                  {file.caption}
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
      {listed.length < files.length && (
        <button type="button" className="button small" onClick={() => setAll(true)}>
          {files.length - listed.length} more
        </button>
      )}
    </section>
  );
}

function Item({ file, url, isAsked }: { file: MediaFile; url: string | undefined; isAsked: boolean }) {
  const label = file.caption === "" ? (file.path.split("/").at(-1) ?? file.path) : file.caption;
  if (url === undefined)
    return isAsked ? (
      <div className="gallery-missing faint">not stored yet</div>
    ) : (
      <div className="skeleton gallery-missing" />
    );
  if (file.kind === "video") return <video src={url} controls aria-label={label} />;
  if (file.kind === "audio") return <audio src={url} controls aria-label={label} />;
  return (
    <a href={url} target="_blank" rel="noreferrer">
      <img src={url} alt={label} loading="lazy" />
    </a>
  );
}
