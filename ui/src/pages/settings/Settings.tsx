/** Settings: keys, people, what is stored, and the theme. */
import { useQuery } from "@tanstack/react-query";
import { session } from "../../api/session";
import type { Theme } from "../../components/theme";
import { setTheme, THEMES, useThemeChoice } from "../../components/theme";
import { Keys } from "./Keys";
import { Roles } from "./Roles";
import "./settings.css";
import { Storage } from "./Storage";
import { Users } from "./Users";

export function Settings() {
  const { data } = useQuery(session);
  if (data === undefined) return null;
  return (
    <div className="settings">
      <h1>Settings</h1>
      <Keys user={data.user} />
      {data.isAdmin && <Users />}
      <Roles isAdmin={data.isAdmin} />
      <Storage isAdmin={data.isAdmin} />
      <Looks />
    </div>
  );
}

function Looks() {
  const chosen = useThemeChoice();
  return (
    <section className="card" aria-label="Theme">
      <h2>Theme</h2>
      <div className="settings-themes">
        {THEMES.map(([theme, label]: [Theme, string]) => (
          <label key={theme} className="check">
            <input type="radio" name="theme" checked={theme === chosen} onChange={() => setTheme(theme)} /> {label}
          </label>
        ))}
      </div>
    </section>
  );
}
