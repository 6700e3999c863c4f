/** The views of a project: opening one, keeping the page as it is now, removing one. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";
import type { SyntheticEvent } from "react";
import { useCallback, useState } from "react";
import type { View, ViewPage } from "../../api/views";
import { removeView, saveView, views } from "../../api/views";
import { useLive } from "../../components/live";
import { Popup } from "../../components/Popup";
import { Told } from "../../components/States";

interface ViewsProps {
  /** `entity/project`. */
  project: string;
  page: ViewPage;
}

export function Views({ project, page }: ViewsProps) {
  const [isOpen, setOpen] = useState(false);
  const here = useLocation({ select: ({ searchStr }) => searchStr });
  const { data = [] } = useQuery(views(project));
  const client = useQueryClient();
  const renew = useCallback(() => client.invalidateQueries(views(project)), [client, project]);
  useLive(`project:${project}`, (events) => {
    if (events.some(({ kind }) => kind === "ViewSaved" || kind === "ViewRemoved")) void renew();
  });
  const open = data.find((view) => view.page === page && view.content === here);
  return (
    <Popup
      label="Views"
      trigger={open === undefined ? "Views" : `View: ${open.name}`}
      triggerClass="button quiet views-button"
      className="views"
      align="end"
      isOpen={isOpen}
      onOpenChange={setOpen}
    >
      <List project={project} found={data} open={open} renew={renew} close={() => setOpen(false)} />
      <Keep project={project} page={page} here={here} found={data} renew={renew} />
    </Popup>
  );
}

interface ListProps {
  project: string;
  found: View[];
  open: View | undefined;
  renew: () => Promise<void>;
  close: () => void;
}

function List({ project, found, open, renew, close }: ListProps) {
  const [error, setError] = useState<unknown>(null);
  const navigate = useNavigate();
  if (found.length === 0) return <p className="faint">A view keeps what the page shows, for all who may see it.</p>;
  const remove = async (id: string) => {
    try {
      await removeView(project, id);
      await renew();
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <>
      <ul aria-label="Views that are kept">
        {found.map((view) => (
          <li key={view.id}>
            <button
              type="button"
              className="view-name"
              {...(view.id === open?.id ? { "aria-current": true } : {})}
              onClick={() => {
                close();
                void navigate({ href: `/${project}/${view.page}${view.content}` });
              }}
            >
              <span>{view.name}</span>
              <span className="faint">
                {view.page === "table" ? "runs table" : "workspace"}, by {view.author}
                {new URLSearchParams(view.content).has("at") && ", pinned"}
              </span>
            </button>
            <button
              type="button"
              className="button quiet icon small"
              aria-label={`Remove ${view.name}`}
              title={`Remove ${view.name}`}
              onClick={() => void remove(view.id)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      {error !== null && <Told error={error} />}
    </>
  );
}

interface KeepProps {
  project: string;
  page: ViewPage;
  here: string;
  found: View[];
  renew: () => Promise<void>;
}

/** Keeps the page under a name; a view of that name and page is replaced. */
function Keep({ project, page, here, found, renew }: KeepProps) {
  const [name, setName] = useState("");
  const [error, setError] = useState<unknown>(null);
  const known = found.find((view) => view.page === page && view.name === name.trim());
  const keep = async (event: SyntheticEvent) => {
    event.preventDefault();
    setError(null);
    try {
      await saveView(project, { id: known?.id, name: name.trim(), page, content: here });
      await renew();
      setName("");
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <form className="keep" onSubmit={(event) => void keep(event)}>
      <label className="labelled">
        Keep this page as
        <input className="field" value={name} maxLength={128} onChange={({ target }) => setName(target.value)} />
      </label>
      <button type="submit" className="button primary" disabled={name.trim() === ""}>
        {known === undefined ? "Save" : "Replace"}
      </button>
      {error !== null && <Told error={error} />}
    </form>
  );
}
