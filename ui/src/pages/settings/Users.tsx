/** Users: for admins of the store. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Secret } from "../../api/people";
import { addUser, users as usersQuery } from "../../api/people";
import { Told, Waiting } from "../../components/States";
import { NameForm, Rows, Shown, useAct } from "./parts";

export function Users() {
  const found = useQuery(usersQuery);
  const [secret, setSecret] = useState<Secret | null>(null);
  const { act, error } = useAct();
  const add = async (name: string) => {
    const made = await act(() => addUser(name));
    if (made !== null) setSecret(made);
    return made !== null;
  };
  return (
    <section className="card" aria-label="Users">
      <div className="settings-head">
        <h2>Users</h2>
        <span className="faint">Each sees the own runs alone until a role says otherwise.</span>
        <NameForm what="user" onAdd={add} />
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
