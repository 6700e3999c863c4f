/** What is done to the runs that are ticked. */
import type { SyntheticEvent } from "react";
import { useState } from "react";
import type { Outcome } from "../../api/runs";
import { edit, remove, stop, undelete } from "../../api/runs";
import { Modal } from "../../components/Modal";
import { Popup } from "../../components/Popup";
import { counted } from "../../model/format";
import { eachOf, told } from "./bulk";

interface BulkProps {
  project: string;
  /** Ids of runs, and their names. */
  chosen: Map<string, string>;
  onDone: () => void;
  onClear: () => void;
}

export function Bulk({ project, chosen, onDone, onClear }: BulkProps) {
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
      <TagEditor
        onTags={(added, removed) =>
          void run("tagged", ids, (path) => edit(path, { tags_add: added, tags_remove: removed }))
        }
        isDisabled={isBusy}
      />
      <button type="button" className="button small" disabled={isBusy} onClick={() => setAsks("stop")}>
        Stop
      </button>
      <button type="button" className="button small danger" disabled={isBusy} onClick={() => setAsks("delete")}>
        Delete
      </button>
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

function TagEditor({
  onTags,
  isDisabled,
}: {
  onTags: (added: string[], removed: string[]) => void;
  isDisabled: boolean;
}) {
  const [isOpen, setOpen] = useState(false);
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const read = (name: string) => {
      const value = new FormData(event.currentTarget).get(name);
      return typeof value === "string"
        ? value
            .split(",")
            .map((tag) => tag.trim())
            .filter(Boolean)
        : [];
    };
    onTags(read("added"), read("removed"));
    setOpen(false);
  };
  return (
    <Popup
      label="Tags"
      className="tag-editor"
      triggerClass="button small"
      trigger="Tag"
      isDisabled={isDisabled}
      isOpen={isOpen}
      onOpenChange={setOpen}
    >
      <form onSubmit={submit}>
        <label className="labelled">
          Add, with commas between
          <input className="field" name="added" autoComplete="off" />
        </label>
        <label className="labelled">
          Remove
          <input className="field" name="removed" autoComplete="off" />
        </label>
        <div className="actions">
          <button type="submit" className="button primary">
            Change tags
          </button>
        </div>
      </form>
    </Popup>
  );
}
