/** Changes of the runs that are ticked: their tags, their group, their job type. */
import type { SyntheticEvent } from "react";
import { useId, useState } from "react";
import type { Edit } from "../../api/runs";
import { Popup } from "../../components/Popup";
import { useValues } from "./FilterBar";

interface EditorProps {
  isDisabled: boolean;
  onEdit: (done: string, edit: Edit) => void;
}

export function TagEditor({ isDisabled, onEdit }: EditorProps) {
  const [isOpen, setOpen] = useState(false);
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const tags = (name: string) =>
      textOf(form, name)
        .split(",")
        .map((tag) => tag.trim())
        .filter(Boolean);
    onEdit("tagged", { tags_add: tags("added"), tags_remove: tags("removed") });
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

/** Moves runs to a group or a job type; an empty name takes them out of any. */
export function MoveEditor({ project, isDisabled, onEdit }: EditorProps & { project: string }) {
  const [isOpen, setOpen] = useState(false);
  const [column, setColumn] = useState<"group_name" | "job_type">("group_name");
  const names = useId();
  const known = useValues(project, isOpen ? column : null).filter((value) => typeof value === "string");
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = textOf(new FormData(event.currentTarget), "name").trim();
    onEdit(
      name === "" ? "taken out" : `moved to ${name}`,
      column === "group_name" ? { group: name } : { job_type: name },
    );
    setOpen(false);
  };
  return (
    <Popup
      label="Move"
      className="tag-editor"
      triggerClass="button small"
      trigger="Move"
      isDisabled={isDisabled}
      isOpen={isOpen}
      onOpenChange={setOpen}
    >
      <form onSubmit={submit}>
        <label className="labelled">
          To another
          <select
            className="field"
            value={column}
            onChange={(event) => setColumn(event.target.value === "job_type" ? "job_type" : "group_name")}
          >
            <option value="group_name">Group</option>
            <option value="job_type">Job type</option>
          </select>
        </label>
        <label className="labelled">
          Its name; empty for none
          <input className="field" name="name" list={names} autoComplete="off" />
        </label>
        <datalist id={names}>
          {known.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <div className="actions">
          <button type="submit" className="button primary">
            Move
          </button>
        </div>
      </form>
    </Popup>
  );
}

function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}
