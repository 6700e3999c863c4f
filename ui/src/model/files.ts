/** Files by folders, and how a file can be shown. */
import type { StoredFile } from "../api/run";

export interface Folder {
  name: string;
  folders: Folder[];
  files: StoredFile[];
}

export function folderOf(files: StoredFile[]): Folder {
  const root: Folder = { name: "", folders: [], files: [] };
  for (const file of files) {
    const parts = file.name.split("/");
    let folder = root;
    for (const part of parts.slice(0, -1)) {
      let inner = folder.folders.find(({ name }) => name === part);
      if (inner === undefined) {
        inner = { name: part, folders: [], files: [] };
        folder.folders.push(inner);
      }
      folder = inner;
    }
    folder.files.push(file);
  }
  return root;
}

export type Preview = "image" | "video" | "audio" | "json" | "csv" | "text" | "none";

/** What a browser shows without running anything: as the server hands it out inline, or as text. */
const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
export const TEXT_MAX = 1 << 20;

export function previewOf({ name, kind, size }: StoredFile): Preview {
  if (IMAGES.has(kind)) return "image";
  if (kind === "video/mp4") return "video";
  if (kind === "audio/wav" || kind === "audio/x-wav") return "audio";
  const isText =
    kind.startsWith("text/") ||
    /json|yaml|xml|toml|javascript|x-sh|x-python/.test(kind) ||
    /\.(log|txt|md|ya?ml|toml|cfg|ini|py|sh|patch|diff|jsonl|tsv|svg)$/i.test(name);
  if (!isText || size > TEXT_MAX) return "none";
  if (kind === "application/json") return "json";
  return kind === "text/csv" ? "csv" : "text";
}

/** Rows of comma-separated values, as RFC 4180 has them. */
export function csvRows(text: string, max: number): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (pattern.lastIndex < text.length && rows.length < max) {
    const match = pattern.exec(text);
    if (match === null) break;
    row.push(match[1] === undefined ? (match[2] ?? "") : match[1].replaceAll('""', '"'));
    if (match[3] !== ",") {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

/** JSON with its parts on lines of their own; what is none stays as it is. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
