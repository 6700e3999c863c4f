/** What stands around every page: where one is, where one can go, who one is. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useParams } from "@tanstack/react-router";
import { session, signOut } from "../api/session";
import mark from "../mark.svg";
import { Menu } from "./Menu";
import { Palette } from "./Palette";
import { setTheme, THEMES, useThemeChoice } from "./theme";

/** Whether this is the client's frame in a notebook: it says so as it opens, and stays one whatever is opened in it. */
const IS_FRAME = new URLSearchParams(location.search).get("jupyter") === "true";

export function Shell() {
  if (IS_FRAME) {
    return (
      <main className="main framed">
        <Outlet />
      </main>
    );
  }
  return (
    <div className="shell">
      <header className="top">
        <Link to="/" className="mark" aria-label="wbq: all projects">
          <img src={mark} width="20" height="20" alt="" />
          wbq
        </Link>
        <Crumbs />
        <div className="right">
          <Palette />
          <Link to="/sql" className="button quiet">
            SQL
          </Link>
          <ThemeMenu />
          <UserMenu />
        </div>
      </header>
      <main className="main">
        <Outlet />
      </main>
    </div>
  );
}

function Crumbs() {
  const { entity, project, run } = useParams({ strict: false });
  if (entity === undefined) return null;
  const isLast = (name: string | undefined) => (name === undefined ? ({ "aria-current": "page" } as const) : {});
  return (
    <nav aria-label="Where this is">
      <ol className="crumbs">
        <li className="wide">
          <Link to="/$entity" params={{ entity }} {...isLast(project)}>
            {entity}
          </Link>
        </li>
        {project !== undefined && (
          <li className="cut">
            <Link to="/$entity/$project/table" params={{ entity, project }} {...isLast(run)}>
              {project}
            </Link>
          </li>
        )}
        {run !== undefined && (
          <li className="cut mono" aria-current="page">
            {run}
          </li>
        )}
      </ol>
    </nav>
  );
}

function ThemeMenu() {
  const chosen = useThemeChoice();
  return (
    <Menu
      label="Theme"
      className="button quiet icon"
      trigger="◐"
      items={THEMES.map(([theme, label]) => ({
        label,
        note: theme === chosen ? "✓" : "",
        onSelect: () => setTheme(theme),
      }))}
    />
  );
}

function UserMenu() {
  const { data } = useQuery(session);
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = async () => {
    await signOut();
    client.clear();
    await navigate({ to: "/login" });
  };
  return (
    <Menu
      label="You"
      className="button quiet"
      trigger={data?.user ?? ""}
      items={[
        { label: "Settings", onSelect: () => void navigate({ to: "/settings" }) },
        { label: "Connect a training", onSelect: () => void navigate({ to: "/authorize" }) },
        { label: "Sign out", onSelect: () => void leave() },
      ]}
    />
  );
}
