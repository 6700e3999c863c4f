/** Files in their folders, and a preview of what can be shown without running anything. */
import type { UseQueryOptions } from "@tanstack/react-query";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "../api/http";
import type { StoredFile } from "../api/run";
import type { Folder } from "../model/files";
import { csvRows, folderOf, prettyJson, previewOf, TEXT_MAX } from "../model/files";
import { counted, formatBytes } from "../model/format";
import "./files.css";
import { Empty, Told, Waiting } from "./States";

/** How the address of a file is asked for. */
export type Address = (name: string) => UseQueryOptions<string, Error, string, string[]>;

export function FileBrowser({ files, address }: { files: StoredFile[]; address: Address }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const file = files.find(({ name }) => name === chosen) ?? files[0];
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return (
    <div className="files">
      <nav className="files-list" aria-label="Files">
        <p className="faint">
          {counted(files.length, "file")}, {formatBytes(bytes)}
        </p>
        <Names folder={folderOf(files)} chosen={file?.name ?? ""} onChoose={setChosen} />
      </nav>
      {file !== undefined && <Preview key={file.name} file={file} address={address} />}
    </div>
  );
}

function Names({ folder, chosen, onChoose }: { folder: Folder; chosen: string; onChoose: (name: string) => void }) {
  return (
    <ul>
      {folder.folders.map((inner) => (
        <li key={inner.name}>
          <details open>
            <summary>{inner.name}/</summary>
            <Names folder={inner} chosen={chosen} onChoose={onChoose} />
          </details>
        </li>
      ))}
      {folder.files.map(({ name, size }) => (
        <li key={name}>
          <button
            type="button"
            className={name === chosen ? "file on" : "file"}
            aria-current={name === chosen}
            onClick={() => onChoose(name)}
          >
            <span className="cut">{name.split("/").at(-1)}</span>
            <span className="faint number">{formatBytes(size)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Preview({ file, address }: { file: StoredFile; address: Address }) {
  const url = useQuery({ ...address(file.name), enabled: file.reference === undefined });
  const kind = previewOf(file);
  return (
    <section className="preview" aria-label={file.name}>
      <div className="preview-head">
        <b className="cut">{file.name}</b>
        <span className="faint">{[file.kind, formatBytes(file.size)].filter((part) => part !== "").join(" · ")}</span>
        {url.data !== undefined && (
          <a className="button" href={url.data} download={file.name.split("/").at(-1)}>
            Download
          </a>
        )}
      </div>
      <div className="preview-body">
        {file.reference !== undefined ? (
          <Empty title="This file is kept elsewhere">
            <p>
              The artifact refers to <code>{file.reference}</code>
            </p>
          </Empty>
        ) : url.isError ? (
          <Told error={url.error} />
        ) : url.data === undefined ? (
          <Waiting lines={4} />
        ) : kind === "image" ? (
          <img src={url.data} alt={file.name} />
        ) : kind === "video" ? (
          <video src={url.data} controls aria-label={file.name} />
        ) : kind === "audio" ? (
          <audio src={url.data} controls aria-label={file.name} />
        ) : kind === "none" ? (
          <Empty title="This file is not shown here">
            <p>
              {file.size > TEXT_MAX ? `It is larger than ${formatBytes(TEXT_MAX)}.` : "It is not a text or a picture."}{" "}
              It can be downloaded.
            </p>
          </Empty>
        ) : (
          <TextPreview url={url.data} kind={kind} />
        )}
      </div>
    </section>
  );
}

const CSV_ROWS = 500;

function TextPreview({ url, kind }: { url: string; kind: "json" | "csv" | "text" }) {
  const found = useQuery({
    queryKey: ["file", url],
    queryFn: async ({ signal }) => (await send(url, { method: "GET", accept: "*/*", signal })).text(),
    staleTime: Infinity,
  });
  if (found.isError) return <Told error={found.error} />;
  if (found.data === undefined) return <Waiting lines={6} />;
  if (kind === "csv") return <Csv rows={csvRows(found.data, CSV_ROWS)} />;
  return (
    <pre className="preview-text" tabIndex={0} aria-label="Content">
      {kind === "json" ? prettyJson(found.data) : found.data}
    </pre>
  );
}

function Csv({ rows: [head = [], ...rows] }: { rows: string[][] }) {
  return (
    <div className="preview-table" tabIndex={0} role="region" aria-label="Content">
      <table>
        <thead>
          <tr>
            {head.map((cell, column) => (
              <th key={column}>{cell}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column} className={/^-?[\d.]+(e[-+]?\d+)?$/i.test(cell) ? "number" : ""}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === CSV_ROWS - 1 && <p className="faint">The first {CSV_ROWS - 1} rows; the file has the rest.</p>}
    </div>
  );
}
