/** Events as they happen. The browser connects again by itself and goes on behind the last one it saw. */
import type { Json } from "./http";

export interface Followed {
  kind: string;
  run: string;
  lsn: number;
  data: Json;
}

/** Kinds that change a row of the table of runs. */
export const ROW_KINDS = [
  "RunCreated",
  "RunChanged",
  "ConfigChanged",
  "SummaryChanged",
  "StateChanged",
  "RunDeleted",
  "RunUndeleted",
];

/** Kinds that change what a page of artifacts shows. */
export const ARTIFACT_KINDS = ["ArtifactCommitted", "ArtifactUsed", "ArtifactChanged", "AliasMoved"];

/** Kinds that a page may wait for; a browser is told each by its name. */
const KINDS = [
  ...ROW_KINDS,
  ...ARTIFACT_KINDS,
  "StopRequested",
  "AlertRaised",
  "Forked",
  "Rewound",
  "Logged",
  "SystemSampled",
  "ConsoleWritten",
  "FilePut",
  "FileDeleted",
  "RunErased",
  "ProjectCreated",
  "ProjectDeleted",
  "ViewSaved",
  "ViewRemoved",
];

/** Follows events until the returned function is called; `onLine` tells whether the line stands. */
export function follow(
  filter: string,
  onEvent: (event: Followed) => void,
  onLine: (isUp: boolean) => void,
): () => void {
  const source = new EventSource(`/api/events?filter=${encodeURIComponent(filter)}`);
  const told = (message: MessageEvent<string>) => {
    const data = JSON.parse(message.data) as { kind?: string; run_id?: string | null; lsn?: number };
    onEvent({ kind: data.kind ?? "", run: data.run_id ?? "", lsn: data.lsn ?? 0, data: data });
  };
  for (const kind of KINDS) source.addEventListener(kind, told);
  source.onopen = () => onLine(true);
  source.onerror = () => onLine(false);
  return () => source.close();
}
