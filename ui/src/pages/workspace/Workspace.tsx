/** The workspace of a project: runs on the left, on the right a panel for each metric, and what people made of them. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { ChartAsked } from "../../api/chart";
import { ROW_KINDS } from "../../api/events";
import type { Key } from "../../api/runs";
import { projectKeys } from "../../api/runs";
import { Offline, useLive } from "../../components/live";
import { Empty, Trouble, Waiting } from "../../components/States";
import { useTheme } from "../../components/theme";
import { columnsOf } from "../../model/columns";
import type { WorkspaceAddress } from "../address";
import { readWorkspace } from "../address";
import { FilterBar } from "../table/FilterBar";
import { MomentPicker, PastBanner } from "../table/Moment";
import { GroupChooser } from "../table/pickers";
import "../run/run.css";
import "../table/table.css";
import { BoardView } from "./BoardView";
import { Controls } from "./Controls";
import type { Scene } from "./scene";
import { drawn, listed, selection } from "./selection";
import { Selector } from "./Selector";
import { useBoard } from "./useBoard";
import { useLogged } from "./useLogged";
import "./logged.css";
import "./workspace.css";

const KINDS = [...ROW_KINDS, "Logged"];
/** What a line can show. */
const NUMBERS = new Set(["integer", "float", "mixed"]);

function metricsIn(keys: Key[]): string[] {
  return keys
    .filter(({ space, type, key }) => space === "history" && NUMBERS.has(type) && !key.startsWith("_"))
    .map(({ key }) => key);
}

export function Workspace() {
  const { entity = "", project = "" } = useParams({ strict: false });
  const path = `${entity}/${project}`;
  // Another project is another workspace: what can be taken back in one is nothing to the other.
  return <OfProject key={path} project={path} />;
}

function OfProject({ project }: { project: string }) {
  const address = readWorkspace(useSearch({ strict: false }));
  const navigate = useNavigate();
  const change = (changed: Partial<WorkspaceAddress>, isStep = true) =>
    void navigate({
      to: ".",
      // What the address says then: a panel that was drawn before knows an older one.
      search: (before: Record<string, unknown>) => ({ ...readWorkspace(before), ...changed }),
      replace: !isStep,
    });
  const { at } = address;
  const keys = useQuery(projectKeys(project, at));
  const runs = useQuery(selection(project, address.filter ?? "", at));
  const state = useBoard(address.board, (board) => change({ board }, false));
  const [edited, setEdited] = useState<string | null>(null);
  const theme = useTheme();
  const isUp = useFollowed(project, at === undefined);
  const columns = useMemo(() => columnsOf(keys.data ?? []), [keys.data]);
  const metrics = useMemo(() => metricsIn(keys.data ?? []), [keys.data]);

  const found = useMemo(() => listed(runs.data?.runs ?? [], address.find ?? ""), [runs.data, address.find]);
  const { charts, media, tables } = useLogged(project, keys.data, found, at);

  if (keys.isError) return <Trouble error={keys.error} again={() => void keys.refetch()} />;
  if (keys.data === undefined || (runs.data === undefined && !runs.isError)) return <Waiting lines={12} />;
  const scene: Scene = {
    project,
    address,
    at,
    runs: drawn(found, address.hide ?? []),
    metrics,
    charts,
    media,
    tables,
    columns,
    theme,
    onRange: (range) => change({ from: range?.[0], to: range?.[1] }),
    onStep: (step) => change({ step }, false),
    onFilter: (filter) => change({ filter }),
  };
  return (
    <div className="work">
      <div className="toolbar">
        <FilterBar
          project={project}
          columns={columns}
          filter={address.filter ?? ""}
          error={runs.error}
          onFilter={(text) => change({ filter: text === "" ? undefined : text })}
        />
        <GroupChooser
          columns={columns}
          group={address.group === undefined ? [] : [address.group]}
          onGroup={(group) => change({ group: group.at(-1) })}
        />
        <MomentPicker project={project} what="workspace" at={at} onAt={(moment) => change({ at: moment })} />
      </div>
      {at !== undefined && <PastBanner what="workspace" at={at} onAt={(moment) => change({ at: moment })} />}
      <div className="work-body">
        <Selector project={project} runs={found} total={runs.data?.total ?? 0} address={address} onChange={change} />
        <div className="work-panels" tabIndex={-1}>
          <Controls
            metrics={metrics}
            address={address}
            state={state}
            onChange={change}
            onAdd={() => setEdited("new")}
          />
          {state.isBroken && (
            <div className="told warn board-broken" role="status">
              The panels that this link describes cannot be read. You see those that are there by themselves.
            </div>
          )}
          {runs.isError ? null : found.length === 0 ? (
            <Empty title="No run fits">
              <p>Nothing is left of the filter and the search.</p>
            </Empty>
          ) : (
            <BoardView scene={scene} state={state} edited={edited} onEdited={setEdited} />
          )}
        </div>
      </div>
      <Offline isUp={isUp} />
    </div>
  );
}

/** Asks anew for what events make old, where what is looked at can grow old; gives whether the line stands. */
function useFollowed(project: string, isNow: boolean): boolean {
  const client = useQueryClient();
  return useLive(
    isNow
      ? KINDS.map((kind) => `kind:${kind}`)
          .concat(`project:${project}`)
          .join(",")
      : null,
    (events) => {
      const kinds = new Set(events.map(({ kind }) => kind));
      const logged = new Set(events.filter(({ kind }) => kind === "Logged").map(({ run }) => run));
      void client.invalidateQueries({
        predicate: ({ queryKey: [what, asked] }) =>
          what === "chart" && (asked as ChartAsked).runs.some((run) => logged.has(run)),
      });
      // What is logged is mostly no media and no table: those are asked for now and then.
      void client.refetchQueries({
        predicate: ({ queryKey: [what, , runs] }) =>
          what === "logged" && Array.isArray(runs) && runs.some((run) => logged.has(run as string)),
        stale: true,
      });
      if (kinds.has("ConfigChanged")) void client.invalidateQueries({ queryKey: ["custom charts", project] });
      if ([...kinds].some((kind) => kind !== "Logged")) void client.invalidateQueries({ queryKey: ["runs", "rows"] });
      if ([...kinds].some((kind) => kind.startsWith("Run") || kind === "StateChanged"))
        void client.invalidateQueries({ queryKey: ["runs", "selection"] });
      // What is logged may be a new metric; that is asked for at once where there is none yet, else now and then.
      const { queryKey } = projectKeys(project);
      const hasNone = metricsIn(client.getQueryData(queryKey) ?? []).length === 0;
      if (logged.size > 0) void client.refetchQueries({ queryKey, ...(hasNone ? {} : { stale: true }) });
    },
    500,
  );
}
