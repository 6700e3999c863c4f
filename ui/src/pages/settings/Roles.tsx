/** Teams, and who may what there: as far as who looks is in them, or says it. */
import { useQuery } from "@tanstack/react-query";
import type { SyntheticEvent } from "react";
import { useState } from "react";
import type { Role } from "../../api/people";
import { addTeam, grant, roles as rolesQuery, teams as teamsQuery } from "../../api/people";
import { Told, Waiting } from "../../components/States";
import { counted } from "../../model/format";
import { ROLES } from "../../model/people";
import { NameForm, Rows, useAct } from "./parts";

export function Roles({ isAdmin }: { isAdmin: boolean }) {
  const roles = useQuery(rolesQuery);
  const teams = useQuery(teamsQuery);
  const { act, error } = useAct();
  const failed = error ?? roles.error ?? teams.error;
  return (
    <section className="card" aria-label="Teams and roles">
      <div className="settings-head">
        <h2>Teams and roles</h2>
        <span className="faint">
          {teams.data !== undefined && teams.data.length > 0
            ? `${counted(teams.data.length, "team")}: ${teams.data.join(", ")}`
            : isAdmin
              ? "There is no team yet."
              : "You are in no team."}
        </span>
        {isAdmin && <NameForm what="team" onAdd={(name) => act(() => addTeam(name)).then((came) => came !== null)} />}
      </div>
      {failed !== null && <Told error={failed} />}
      {roles.data === undefined ? (
        !roles.isError && <Waiting lines={2} />
      ) : roles.data.length === 0 ? (
        <p className="faint">No role was given yet.</p>
      ) : (
        <Rows label="List of roles" heads={["User", "On", "Role"]}>
          {roles.data.map((role) => (
            <tr key={`${role.user} ${role.on}`}>
              <td>{role.user}</td>
              <td>{role.on}</td>
              <td>
                <RoleField
                  label={`Role of ${role.user} on ${role.on}`}
                  value={role.role}
                  onRole={(changed) => void act(() => grant({ ...role, role: changed }))}
                />
              </td>
            </tr>
          ))}
        </Rows>
      )}
      <Give onGive={(role) => act(() => grant(role)).then((came) => came !== null)} />
    </section>
  );
}

function RoleField({ label, value, onRole }: { label: string; value: string; onRole: (role: string) => void }) {
  return (
    <select className="field" aria-label={label} value={value} onChange={(event) => onRole(event.target.value)}>
      {[...ROLES, "none"].map((known) => (
        <option key={known} value={known}>
          {known}
        </option>
      ))}
    </select>
  );
}

const NOTHING: Role = { user: "", on: "", role: "reader" };

function Give({ onGive }: { onGive: (role: Role) => Promise<boolean> }) {
  const [role, setRole] = useState(NOTHING);
  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (await onGive({ ...role, user: role.user.trim(), on: role.on.trim() })) setRole(NOTHING);
  };
  return (
    <form className="settings-give" onSubmit={(event) => void submit(event)}>
      <input
        className="field"
        aria-label="User who is given a role"
        placeholder="user"
        required
        value={role.user}
        onChange={(event) => setRole({ ...role, user: event.target.value })}
      />
      <input
        className="field"
        aria-label="Where the role holds"
        placeholder="entity or entity/project"
        required
        value={role.on}
        onChange={(event) => setRole({ ...role, on: event.target.value })}
      />
      <RoleField label="Role that is given" value={role.role} onRole={(given) => setRole({ ...role, role: given })} />
      <button type="submit" className="button">
        Give role
      </button>
    </form>
  );
}
