/** The head of a run's page: name, state, what can be done. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Run, RunId } from "../../api/run";
import { isAtWork } from "../../api/run";
import { edit, remove, stop } from "../../api/runs";
import { Ago, StateBadge } from "../../components/Bits";
import { Menu } from "../../components/Menu";
import { Modal } from "../../components/Modal";
import { formatSpan } from "../../model/format";
import { EditableText } from "./Editable";

export function Head({ id, run }: { id: RunId; run: Run }) {
  const [asks, setAsks] = useState<"stop" | "delete" | null>(null);
  const [message, setMessage] = useState<string | null>(null);
  const client = useQueryClient();
  const navigate = useNavigate();
  const path = `${id.project}/${id.run}`;
  const [entity = "", project = ""] = id.project.split("/");
  const refresh = () => client.invalidateQueries({ queryKey: ["run", id.project, id.run] });

  const act = async () => {
    setAsks(null);
    try {
      const outcome = await (asks === "stop" ? stop(path) : remove(path));
      setMessage(outcome.message ?? (asks === "stop" ? "asked to stop" : null));
      if (asks === "delete") await navigate({ to: "/$entity/$project/table", params: { entity, project } });
      else await refresh();
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
    }
  };

  return (
    <header className="run-head">
      <h1>
        <EditableText label="Name" value={run.name} onSave={(name) => edit(path, { name }).then(refresh)} />
      </h1>
      <StateBadge state={run.state} reason={run.reason} />
      <span className="soft">
        {formatSpan(run.runtime)} · begun <Ago moment={run.createdAt} />
      </span>
      <span className="soft" role="status">
        {message}
      </span>
      <div className="run-actions">
        {isAtWork(run.state) && (
          <button type="button" className="button" onClick={() => setAsks("stop")}>
            Stop
          </button>
        )}
        <Menu
          label="More"
          className="button icon"
          trigger="⋯"
          items={[
            { label: "Copy the run’s path", onSelect: () => void navigator.clipboard.writeText(path) },
            { label: "Copy the run’s id", onSelect: () => void navigator.clipboard.writeText(id.run) },
            "line",
            { label: "Delete", isDangerous: true, isDisabled: run.isDeleted, onSelect: () => setAsks("delete") },
          ]}
        />
      </div>
      {asks !== null && (
        <Modal title={asks === "stop" ? `Stop ${run.name}?` : `Delete ${run.name}?`} onClose={() => setAsks(null)}>
          <p className="soft">
            {asks === "stop"
              ? "The training is told within seconds and ends as killed."
              : "It goes from every page with its history, files and logs. It can be brought back until the server erases it, seven days later if it was not told otherwise."}
          </p>
          <div className="actions">
            <button type="button" className="button" onClick={() => setAsks(null)}>
              Leave it
            </button>
            <button type="button" className="button danger" onClick={() => void act()}>
              {asks === "stop" ? "Stop" : "Delete"}
            </button>
          </div>
        </Modal>
      )}
    </header>
  );
}
