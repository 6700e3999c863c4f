/** Files of media beside each other: pictures, sounds and films as they are, what a page cannot show as a link to its file. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { fileUrls } from "../api/media";
import type { RunId } from "../api/run";
import type { MediaFile } from "../model/media";
import "./gallery.css";
import { Told } from "./States";

interface GalleryFilesProps {
  id: RunId;
  files: MediaFile[];
  /** How many are shown at first. */
  first: number;
}

export function GalleryFiles({ id, files, first }: GalleryFilesProps) {
  const [all, setAll] = useState(false);
  const listed = all ? files : files.slice(0, first);
  const urls = useQuery({
    ...fileUrls(id, [...new Set(listed.map(({ path }) => path))]),
    placeholderData: keepPreviousData,
  });
  if (urls.isError) return <Told error={urls.error} />;
  return (
    <>
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
      {listed.length < files.length && (
        <button type="button" className="button small" onClick={() => setAll(true)}>
          {files.length - listed.length} more
        </button>
      )}
    </>
  );
}

function Item({ file, url, isAsked }: { file: MediaFile; url: string | undefined; isAsked: boolean }) {
  const name = file.path.split("/").at(-1) ?? file.path;
  const label = file.caption === "" ? name : file.caption;
  if (url === undefined)
    return isAsked ? (
      <div className="gallery-missing faint">not stored yet</div>
    ) : (
      <div className="skeleton gallery-missing" />
    );
  if (file.kind === "video") return <video src={url} controls aria-label={label} />;
  if (file.kind === "audio") return <audio src={url} controls aria-label={label} />;
  if (file.kind === "document")
    return (
      <a className="gallery-document" href={url} download={name}>
        <span className="cut">{name}</span>
        <span className="faint">Download to open it</span>
      </a>
    );
  return (
    <a href={url} target="_blank" rel="noreferrer">
      <img src={url} alt={label} loading="lazy" />
    </a>
  );
}
