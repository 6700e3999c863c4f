/** What a new key is for, what it may, and how long it works. */
import type { SyntheticEvent } from "react";
import { useState } from "react";
import type { Secret } from "../../api/people";
import { newKey } from "../../api/people";
import { Modal } from "../../components/Modal";
import { Told } from "../../components/States";
import { LIFETIMES, ROLES } from "../../model/people";
import { useAct } from "./parts";

export function KeyForm({ onMade, onClose }: { onMade: (made: Secret) => void; onClose: () => void }) {
  const [note, setNote] = useState("");
  const [role, setRole] = useState("");
  const [on, setOn] = useState("");
  const [lifetime, setLifetime] = useState(0);
  const { act, error } = useAct();
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    const days = LIFETIMES[lifetime]?.days ?? null;
    const asked = {
      note: note.trim(),
      only: role === "" ? null : { role, on: on.trim() },
      expiresSeconds: days === null ? null : days * 86_400,
    };
    const made = await act(() => newKey(asked));
    if (made !== null) onMade(made);
  };
  return (
    <Modal title="New key" onClose={onClose}>
      <form className="settings-form" onSubmit={(event) => void submit(event)}>
        <label className="labelled">
          Note
          <input
            className="field"
            placeholder="what it is for"
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        </label>
        <label className="labelled">
          May
          <select className="field" value={role} onChange={(event) => setRole(event.target.value)}>
            <option value="">What you may</option>
            {ROLES.map((known) => (
              <option key={known} value={known}>
                Only {known}
              </option>
            ))}
          </select>
        </label>
        {role !== "" && (
          <label className="labelled">
            On
            <input
              className="field"
              required
              placeholder="entity or entity/project"
              value={on}
              onChange={(event) => setOn(event.target.value)}
            />
          </label>
        )}
        <label className="labelled">
          Ends
          <select className="field" value={lifetime} onChange={(event) => setLifetime(Number(event.target.value))}>
            {LIFETIMES.map(({ label }, at) => (
              <option key={label} value={at}>
                {label}
              </option>
            ))}
          </select>
        </label>
        {error !== null && <Told error={error} />}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary">
            Make it
          </button>
        </div>
      </form>
    </Modal>
  );
}
