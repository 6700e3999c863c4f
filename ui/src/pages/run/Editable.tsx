/** Texts and tags that are changed where they stand. */
import type { KeyboardEvent } from "react";
import { useState } from "react";
import { Told } from "../../components/States";

interface EditableProps {
  label: string;
  value: string;
  isLong?: boolean;
  onSave: (value: string) => Promise<unknown>;
}

export function EditableText({ label, value, isLong = false, onSave }: EditableProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  if (draft === null) {
    return (
      <span className="editable">
        <span className={isLong ? "editable-long" : "cut"}>
          {value === "" ? <span className="faint">none</span> : value}
        </span>
        <button
          type="button"
          className="pencil"
          aria-label={`Change ${label.toLowerCase()}`}
          onClick={() => setDraft(value)}
        >
          ✎
        </button>
      </span>
    );
  }
  const save = async () => {
    try {
      if (draft !== value) await onSave(draft);
      setDraft(null);
      setError(null);
    } catch (failed) {
      setError(failed);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") setDraft(null);
    if (event.key === "Enter" && (!isLong || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void save();
    }
  };
  const common = {
    className: "field",
    "aria-label": label,
    value: draft,
    autoFocus: true,
    onKeyDown,
    onChange: (event: { target: { value: string } }) => setDraft(event.target.value),
  };
  return (
    <span className={isLong ? "editable-form long" : "editable-form"}>
      {isLong ? <textarea rows={4} {...common} /> : <input size={Math.max(20, draft.length)} {...common} />}
      <button type="button" className="button primary small" onClick={() => void save()}>
        Save
      </button>
      <button type="button" className="button quiet small" onClick={() => setDraft(null)}>
        Leave
      </button>
      {error !== null && <Told error={error} />}
    </span>
  );
}

interface EditableTagsProps {
  tags: string[];
  onChange: (added: string[], removed: string[]) => Promise<unknown>;
}

export function EditableTags({ tags, onChange }: EditableTagsProps) {
  const [typed, setTyped] = useState("");
  const [error, setError] = useState<unknown>(null);
  const change = async (added: string[], removed: string[]) => {
    try {
      await onChange(added, removed);
      setTyped("");
      setError(null);
    } catch (failed) {
      setError(failed);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || typed.trim() === "") return;
    event.preventDefault();
    void change([typed.trim()], []);
  };
  return (
    <span className="editable-tags">
      {tags.map((tag) => (
        <span key={tag} className="tag">
          {tag}
          <button type="button" aria-label={`Remove the tag ${tag}`} onClick={() => void change([], [tag])}>
            ×
          </button>
        </span>
      ))}
      <input
        className="field"
        aria-label="Add a tag"
        placeholder="Add a tag"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {error !== null && <Told error={error} />}
    </span>
  );
}
