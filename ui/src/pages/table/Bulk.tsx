/** What is done to the runs that are ticked. */
import type { ReactNode } from "react";
import { useState } from "react";
import type { Edit, Outcome } from "../../api/runs";
import { edit, remove, stop, undelete } from "../../api/runs";
import { Modal } from "../../components/Modal";
import { counted } from "../../model/format";
import { eachOf, told } from "./bulk";
import { MoveEditor, TagEditor } from "./BulkEdit";

interface BulkProps {
  project: string;
  /** Ids of runs, and their names. */
  chosen: Map<string, string>;
  /** What is looked at is past: nothing is changed there. */
  isPast: boolean;
  /** The run that others are measured by. */
  base: string | undefined;
  onBase: (id: string | undefined) => void;
  onCompare: (ids: string[]) => void;
  /** The button that writes them into a file. */
  exported: ReactNode;
  onDone: () => void;
  onClear: () => void;
}

export function Bulk(props: BulkProps) {
  const { project, chosen, isPast, base, onBase, onCompare, exported, onDone, onClear } = props;
  const [isBusy, setBusy] = useState(false);
  const [message, setMessage] = useState<string | null>(null);
  const [asks, setAsks] = useState<"stop" | "delete" | null>(null);
  const [deleted, setDeleted] = useState<string[]>([]);
  const ids = [...chosen.keys()];

  const run = async (done: string, which: string[], act: (path: string) => Promise<Outcome>) => {
    setAsks(null);
    setBusy(true);
    const results = await eachOf(which, (id) => act(`${project}/${id}`));
    setMessage(told(done, results));
    setBusy(false);
    onDone();
  };
  const change = (done: string, changed: Edit) => void run(done, ids, (path) => edit(path, changed));
  const erase = async () => {
    await run("deleted", ids, remove);
    setDeleted(ids);
  };
  const bringBack = async () => {
    await run("brought back", deleted, undelete);
    setDeleted([]);
  };

  return (
    <div className="bulk" role="region" aria-label="Chosen runs">
      <b>{counted(chosen.size, "run")} chosen</b>
      {ids.length === 1 && (
        <button type="button" className="button small" onClick={() => onBase(ids[0] === base ? undefined : ids[0])}>
          {ids[0] === base ? "No baseline" : "Make baseline"}
        </button>
      )}
      {ids.length > 1 && (
        <button type="button" className="button small" onClick={() => onCompare(ids)}>
          Compare
        </button>
      )}
      {exported}
      {!isPast && (
        <>
          <TagEditor isDisabled={isBusy} onEdit={change} />
          <MoveEditor project={project} isDisabled={isBusy} onEdit={change} />
          <button type="button" className="button small" disabled={isBusy} onClick={() => setAsks("stop")}>
            Stop
          </button>
          <button type="button" className="button small danger" disabled={isBusy} onClick={() => setAsks("delete")}>
            Delete
          </button>
        </>
      )}
      <button type="button" className="button small quiet" onClick={onClear}>
        Choose none
      </button>
      <span className="soft" role="status">
        {isBusy ? "Working…" : message}
      </span>
      {deleted.length > 0 && !isBusy && (
        <button type="button" className="button small" onClick={() => void bringBack()}>
          Undo
        </button>
      )}
      {asks !== null && (
        <Modal
          title={asks === "stop" ? `Stop ${counted(ids.length, "run")}?` : `Delete ${counted(ids.length, "run")}?`}
          onClose={() => setAsks(null)}
        >
          <p className="soft">
            {asks === "stop"
              ? "Their trainings are told within seconds and end as killed. Runs that are not at work stay as they are."
              : "They go from every page with their history, files and logs. They can be brought back until the server erases them, seven days later if it was not told otherwise."}
          </p>
          <ul className="bulk-names" tabIndex={0} aria-label="Runs">
            {[...chosen].slice(0, 100).map(([id, name]) => (
              <li key={id} className="cut">
                {name} <span className="faint mono">{id}</span>
              </li>
            ))}
            {chosen.size > 100 && <li className="faint">and {chosen.size - 100} more</li>}
          </ul>
          <div className="actions">
            <button type="button" className="button" onClick={() => setAsks(null)}>
              Keep them
            </button>
            <button
              type="button"
              className="button danger"
              onClick={() => void (asks === "stop" ? run("asked to stop", ids, stop) : erase())}
            >
              {asks === "stop" ? "Stop" : "Delete"} {counted(ids.length, "run")}
            </button>
          </div>
        </Modal>
      )}
    </div>
  );
}
