/** What a panel shows and how: made anew, or changed. */
import type { SyntheticEvent } from "react";
import { useId, useState } from "react";
import { Modal } from "../../components/Modal";
import type { Kind, Panel } from "../../model/panel";
import { KIND_NAMES, KINDS, known, titleOf } from "../../model/panel";
import { FIELDS } from "./editor/fields";
import type { Scene } from "./scene";

interface EditorProps {
  /** Null for a panel that is made. */
  panel: Panel | null;
  section: string;
  sections: string[];
  scene: Scene;
  /** Gives whether there is room for it. */
  onSave: (panel: Panel, section: string) => boolean;
  onClose: () => void;
}

export function Editor({ panel, section, sections, scene, onSave, onClose }: EditorProps) {
  const [draft, setDraft] = useState<Panel>(panel ?? { kind: "line" });
  const [place, setPlace] = useState(section);
  const [fits, setFits] = useState(true);
  const names = useId();
  const set = (changed: Partial<Panel>) => setDraft((before) => ({ ...before, ...changed }));
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setFits(onSave({ ...known(draft), kind: draft.kind }, place.trim() === "" ? section : place.trim()));
  };
  return (
    <Modal title={panel === null ? "Add a panel" : `Edit ${titleOf(panel)}`} className="editor" onClose={onClose}>
      <form onSubmit={submit}>
        <div className="editor-head">
          <label className="labelled">
            What it shows
            <select
              className="field"
              value={draft.kind}
              // Another kind means something else by its keys; title and size stay.
              onChange={(event) =>
                setDraft({ kind: event.target.value as Kind, ...known({ title: draft.title, w: draft.w, h: draft.h }) })
              }
            >
              {KINDS.map((kind) => (
                <option key={kind} value={kind}>
                  {KIND_NAMES[kind]}
                </option>
              ))}
            </select>
          </label>
          <label className="labelled">
            Title
            <input
              className="field"
              placeholder={titleOf({ ...draft, title: undefined })}
              value={draft.title ?? ""}
              onChange={(event) => set({ title: event.target.value === "" ? undefined : event.target.value })}
            />
          </label>
          <label className="labelled">
            Section
            <input className="field" list={names} value={place} onChange={(event) => setPlace(event.target.value)} />
          </label>
          <datalist id={names}>
            {sections.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </div>
        <div className="editor-fields">
          {FIELDS[draft.kind].map((Field, index) => (
            <Field key={`${draft.kind} ${index}`} panel={draft} scene={scene} onPanel={set} />
          ))}
        </div>
        {!fits && (
          <p className="told bad" role="alert">
            All panels together are too long for a link. A shorter text, or fewer panels, fit.
          </p>
        )}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary">
            {panel === null ? "Add panel" : "Save"}
          </button>
        </div>
      </form>
    </Modal>
  );
}
