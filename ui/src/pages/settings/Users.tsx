/** Users: for admins of the store. */
import { useQuery } from "@tanstack/react-query";
import type { SyntheticEvent } from "react";
import { useState } from "react";
import type { Secret } from "../../api/people";
import { addUser, users as usersQuery } from "../../api/people";
import { Told, Waiting } from "../../components/States";
import { Rows, Shown, useAct } from "./parts";

export function Users() {
  const found = useQuery(usersQuery);
  const [name, setName] = useState("");
  const [secret, setSecret] = useState<Secret | null>(null);
  const { act, error } = useAct();
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    const made = await act(() => addUser(name.trim()));
    if (made === null) return;
    setName("");
    setSecret(made);
  };
  return (
    <section className="card" aria-label="Users">
      <div className="settings-head">
        <h2>Users</h2>
        <span className="faint">Each sees the own runs alone until a role says otherwise.</span>
        <form className="settings-add" onSubmit={(event) => void submit(event)}>
          <input
            className="field"
            aria-label="Name of a new user"
            placeholder="name"
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <button type="submit" className="button">
            Add user
          </button>
        </form>
      </div>
      {(error !== null || found.isError) && <Told error={error ?? found.error} />}
      {found.data === undefined ? (
        !found.isError && <Waiting lines={2} />
      ) : (
        <Rows label="List of users" heads={["Name", "May", "Keys"]}>
          {found.data.map(({ name, isAdmin, keys }) => (
            <tr key={name}>
              <td>{name}</td>
              <td>{isAdmin ? "everything" : <span className="soft">what the roles say</span>}</td>
              <td className="number">{keys}</td>
            </tr>
          ))}
        </Rows>
      )}
      {secret !== null && <Shown secret={secret} onClose={() => setSecret(null)} />}
    </section>
  );
}
