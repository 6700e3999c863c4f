/** The workspace of a project: runs on the left, a panel for each metric on the right. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { ChartAsked, Line } from "../../api/chart";
import { projectKeys } from "../../api/runs";
import type { PanelStyle } from "../../charts/Panel";
import { Panel } from "../../charts/Panel";
import { Sections } from "../../charts/Sections";
import { colorAt } from "../../charts/colors";
import { Offline, useLive } from "../../components/live";
import { Empty, Trouble, Waiting } from "../../components/States";
import { useTheme } from "../../components/theme";
import { columnsOf, spelled } from "../../model/columns";
import { keysFound, sectionsOf } from "../../model/sections";
import type { WorkspaceAddress } from "../address";
import { readWorkspace } from "../address";
import { FilterBar } from "../table/FilterBar";
import "../run/run.css";
import "../table/table.css";
import { Controls, SMOOTHED } from "./Controls";
import { drawn, listed, selection } from "./selection";
import { Selector } from "./Selector";
import "./workspace.css";

const KINDS = ["RunCreated", "RunChanged", "StateChanged", "RunDeleted", "RunUndeleted", "Logged"];
/** What a line can show. */
const NUMBERS = new Set(["integer", "float", "mixed"]);

export function Workspace() {
  const { entity = "", project: name = "" } = useParams({ strict: false });
  const project = `${entity}/${name}`;
  const address = readWorkspace(useSearch({ strict: false }));
  const navigate = useNavigate();
  const change = (changed: Partial<WorkspaceAddress>, isStep = true) =>
    void navigate({ to: ".", search: { ...address, ...changed }, replace: !isStep });
  const client = useQueryClient();
  const keys = useQuery(projectKeys(project));
  const runs = useQuery(selection(project, address.filter ?? ""));

  const isUp = useLive(
    KINDS.map((kind) => `kind:${kind}`)
      .concat(`project:${project}`)
      .join(","),
    (events) => {
      const logged = new Set(events.filter(({ kind }) => kind === "Logged").map(({ run }) => run));
      const known = new Set(keys.data?.map(({ key }) => key));
      void client.invalidateQueries({
        predicate: ({ queryKey: [what, asked] }) =>
          what === "chart" && (asked as ChartAsked).runs.some((run) => logged.has(run)),
      });
      if (events.some(({ kind }) => kind !== "Logged")) void runs.refetch();
      if (logged.size > 0 && known.size === 0) void keys.refetch();
    },
    500,
  );

  const filter = (
    <FilterBar
      project={project}
      columns={columnsOf(keys.data ?? [])}
      filter={address.filter ?? ""}
      error={runs.error}
      onFilter={(text) => change({ filter: text === "" ? undefined : text })}
    />
  );
  if (keys.isError) return <Trouble error={keys.error} again={() => void keys.refetch()} />;
  if (keys.data === undefined || (runs.data === undefined && !runs.isError)) return <Waiting lines={12} />;
  const found = listed(runs.data?.runs ?? [], address.find ?? "");
  return (
    <div className="work">
      <div className="toolbar">
        {filter}
        <Controls columns={columnsOf(keys.data)} address={address} onChange={change} />
      </div>
      <div className="work-body">
        <Selector project={project} runs={found} total={runs.data?.total ?? 0} address={address} onChange={change} />
        <div className="work-panels" tabIndex={-1}>
          {runs.isError ? null : found.length === 0 ? (
            <Empty title="No run fits">
              <p>Nothing is left of the filter and the search.</p>
            </Empty>
          ) : (
            <Panels
              project={project}
              keys={keys.data
                .filter(({ space, type, key }) => space === "history" && NUMBERS.has(type) && !key.startsWith("_"))
                .map(({ key }) => key)}
              address={address}
              onChange={change}
              runs={found}
            />
          )}
        </div>
      </div>
      <Offline isUp={isUp} />
    </div>
  );
}

interface PanelsProps {
  project: string;
  keys: string[];
  address: WorkspaceAddress;
  runs: ReturnType<typeof listed>;
  onChange: (change: Partial<WorkspaceAddress>) => void;
}

function Panels({ project, keys, address, runs, onChange }: PanelsProps) {
  const theme = useTheme();
  const { x = "_step", smooth, amount, group, from, to, panels = "", logX = false, logY = false } = address;
  const shown = drawn(runs, address.hide ?? []);
  const looks = new Map(runs.map(({ id, name, place }) => [id, { label: name, color: colorAt(place, theme) }]));
  const looksText = JSON.stringify([...looks]);
  const look = useCallback(
    (line: Line) => {
      if (line.group !== null) return { label: line.group, color: colorAt(placeOf(line.group), theme) };
      return new Map(JSON.parse(looksText) as [string, { label: string; color: string }][]).get(line.run) ?? null;
    },
    [looksText, theme],
  );
  const zoom = (range: [number, number] | null) => onChange({ from: range?.[0], to: range?.[1] });
  const style: PanelStyle = useMemo(
    () => ({ logX, logY, sync: "workspace", onRange: zoom, look }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- where one zooms to does not change how lines look
    [logX, logY, look],
  );
  const sections = sectionsOf(keysFound(keys, panels));
  if (keys.length === 0) {
    return (
      <Empty title="No metric was logged yet">
        <p>A panel appears for each metric as soon as a training logs it with run.log.</p>
      </Empty>
    );
  }
  if (sections.length === 0) return <Empty title={`No panel has “${panels}” in its name`} />;
  const asked = (key: string): Omit<ChartAsked, "buckets"> => ({
    project,
    runs: shown.map(({ id }) => id),
    keys: [key],
    stream: "history",
    x,
    range: [from ?? null, to ?? null],
    smoothing: smooth === undefined ? null : { kind: smooth, value: amount ?? SMOOTHED[smooth] },
    group: group === undefined ? [] : [spelled(group)],
  });
  return (
    <Sections sections={sections} panel={(key) => <Panel key={key} title={key} asked={asked(key)} style={style} />} />
  );
}

/** A group keeps its colour whatever other groups there are. */
function placeOf(name: string): number {
  let sum = 7;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum;
}
