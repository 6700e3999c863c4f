/** What the parts of the settings share. */
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode, SyntheticEvent } from "react";
import { useState } from "react";
import type { Secret } from "../../api/people";
import { Copy } from "../../components/Bits";
import { Modal } from "../../components/Modal";

/** Does something about people, and asks anew for all that is known of them. */
export function useAct() {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const act = async <Came,>(what: () => Promise<Came>): Promise<Came | null> => {
    setError(null);
    try {
      const came = await what();
      await client.invalidateQueries({ queryKey: ["people"] });
      return came;
    } catch (failed) {
      setError(failed);
      return null;
    }
  };
  return { act, error };
}

/** A key that was made: the only time that it is seen. */
export function Shown({ secret, onClose }: { secret: Secret; onClose: () => void }) {
  return (
    <Modal title={`A key of ${secret.user}`} onClose={onClose}>
      <p className="soft">It is shown now and never again: the server keeps its hash alone.</p>
      <div className="settings-secret">
        <code aria-label="The key">{secret.key}</code>
        <Copy text={secret.key} />
      </div>
      <div className="actions">
        <button type="button" className="button primary" onClick={onClose}>
          I have it
        </button>
      </div>
    </Modal>
  );
}

/** A name that something new is given; it stays in the field when it was refused. */
export function NameForm({ what, onAdd }: { what: string; onAdd: (name: string) => Promise<boolean> }) {
  const [name, setName] = useState("");
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (await onAdd(name.trim())) setName("");
  };
  return (
    <form className="settings-add" onSubmit={(event) => void submit(event)}>
      <input
        className="field"
        aria-label={`Name of a new ${what}`}
        placeholder="name"
        required
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <button type="submit" className="button">
        Add {what}
      </button>
    </form>
  );
}

interface RowsProps {
  label: string;
  heads: ReactNode[];
  children: ReactNode;
}

export function Rows({ label, heads, children }: RowsProps) {
  return (
    <div className="settings-rows" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {heads.map((head, at) => (
              <th key={at}>{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
