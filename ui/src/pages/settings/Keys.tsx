/** Keys: those of who looks, and for admins those of all. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Key, Secret } from "../../api/people";
import { keys as keysQuery, revokeKey } from "../../api/people";
import { Modal } from "../../components/Modal";
import { Told, Waiting } from "../../components/States";
import { formatMoment } from "../../model/format";
import { KeyForm } from "./KeyForm";
import { Rows, Shown, useAct } from "./parts";

/** The head over what can be done to a key. */
const END = <span className="unseen">End it</span>;

export function Keys({ user }: { user: string }) {
  const found = useQuery(keysQuery);
  const [all, setAll] = useState(false);
  const [asks, setAsks] = useState<"new" | Key | null>(null);
  const [secret, setSecret] = useState<Secret | null>(null);
  const { act, error } = useAct();
  const told = found.data ?? [];
  const others = told.filter((key) => key.user !== user).length;
  const listed = all ? told : told.filter((key) => key.user === user);
  const revoke = async (key: Key) => {
    setAsks(null);
    await act(() => revokeKey(key.id));
  };
  return (
    <section className="card" aria-label="Keys">
      <div className="settings-head">
        <h2>Keys</h2>
        <span className="faint">A training and the command line sign in by a key.</span>
        {others > 0 && (
          <label className="check">
            <input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} /> Of all users
          </label>
        )}
        <button type="button" className="button" onClick={() => setAsks("new")}>
          New key
        </button>
      </div>
      {(error !== null || found.isError) && <Told error={error ?? found.error} />}
      {found.data === undefined ? (
        !found.isError && <Waiting lines={2} />
      ) : (
        <Rows label="List of keys" heads={["Begins with", ...(all ? ["Of"] : []), "Note", "May", "Ends", END]}>
          {listed.map((key) => (
            <tr key={key.id}>
              <td>
                <code>{key.id}…</code>
              </td>
              {all && <td>{key.user}</td>}
              <td className="cut">{key.note === "" ? <span className="faint">–</span> : key.note}</td>
              <td>{mayOf(key)}</td>
              <td>{endOf(key)}</td>
              <td>
                <button
                  type="button"
                  className="button quiet small"
                  aria-label={`Revoke ${key.id}`}
                  onClick={() => setAsks(key)}
                >
                  Revoke
                </button>
              </td>
            </tr>
          ))}
        </Rows>
      )}
      {asks === "new" && (
        <KeyForm
          onClose={() => setAsks(null)}
          onMade={(made) => {
            setAsks(null);
            setSecret(made);
          }}
        />
      )}
      {asks !== null && asks !== "new" && (
        <Modal title={`Revoke ${asks.id}…?`} onClose={() => setAsks(null)}>
          <p className="soft">
            Trainings that use it are refused from now on, and browsers that signed in by it are signed out, this one
            too if it did. It cannot be brought back.
          </p>
          <div className="actions">
            <button type="button" className="button" onClick={() => setAsks(null)}>
              Keep it
            </button>
            <button type="button" className="button danger" onClick={() => void revoke(asks)}>
              Revoke
            </button>
          </div>
        </Modal>
      )}
      {secret !== null && <Shown secret={secret} onClose={() => setSecret(null)} />}
    </section>
  );
}

function mayOf({ only }: Key) {
  if (only === null) return <span className="soft">what its owner may</span>;
  return (
    <>
      {only.role} <span className="faint">on {only.on}</span>
    </>
  );
}

function endOf({ expires }: Key) {
  if (expires === null) return <span className="faint">never</span>;
  const moment = new Date(expires).toISOString();
  return (
    <time dateTime={moment} title={formatMoment(moment)}>
      {moment.slice(0, 10)}
    </time>
  );
}
