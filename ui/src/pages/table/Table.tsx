/** The runs table of a project. All that a person sets stands in the address. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { projectKeys } from "../../api/runs";
import { Offline, useLive } from "../../components/live";
import { Empty, Trouble, Waiting } from "../../components/States";
import { columnsOf } from "../../model/columns";
import { counted } from "../../model/format";
import type { Layout } from "../../model/layout";
import { place } from "../../model/layout";
import type { Wanted } from "../../model/pagedRows";
import { blocksOf } from "../../model/pagedRows";
import type { TableAddress } from "../address";
import { readTable } from "../address";
import { Bulk } from "./Bulk";
import { FilterBar } from "./FilterBar";
import { Grid } from "./Grid";
import { ColumnChooser, GroupChooser } from "./pickers";
import "./table.css";
import { sourceOf, usePagedRows } from "./useTable";

/** Columns that are asked for together. */
const BLOCK = 24;
/** What changes a row of the table. */
const KINDS = [
  "RunCreated",
  "RunChanged",
  "ConfigChanged",
  "SummaryChanged",
  "StateChanged",
  "RunDeleted",
  "RunUndeleted",
];

export function Table() {
  const { entity = "", project: name = "" } = useParams({ strict: false });
  const project = `${entity}/${name}`;
  const keys = useQuery(projectKeys(project));
  if (keys.isError) return <Trouble error={keys.error} again={() => void keys.refetch()} />;
  if (keys.isPending) return <Waiting lines={14} />;
  return <Runs key={project} project={project} keys={keys.data} onNewKeys={() => void keys.refetch()} />;
}

/** What the address says, and ways to say something else. A step that is worth going back to is one in history. */
export function useAddress(): [TableAddress, (change: Partial<TableAddress>, isStep?: boolean) => void] {
  const address = readTable(useSearch({ strict: false }));
  const navigate = useNavigate();
  const change = (changed: Partial<TableAddress>, isStep = true) =>
    void navigate({ to: ".", search: { ...address, ...changed }, replace: !isStep });
  return [address, change];
}

interface RunsProps {
  project: string;
  keys: Parameters<typeof columnsOf>[0];
  onNewKeys: () => void;
}

function Runs({ project, keys, onNewKeys }: RunsProps) {
  const [address, change] = useAddress();
  const columns = useMemo(() => columnsOf(keys), [keys]);
  const layoutText = JSON.stringify([address.cols, address.pin, address.widths]);
  const placed = useMemo(() => {
    const [cols, pin, widths] = JSON.parse(layoutText) as [
      string[] | null,
      string[] | null,
      Record<string, number> | null,
    ];
    return place(columns, { cols: cols ?? undefined, pin: pin ?? undefined, widths: widths ?? undefined });
  }, [columns, layoutText]);
  const { filter = "", sort, group } = address;
  const [sortText, groupText] = [JSON.stringify(sort ?? []), JSON.stringify(group ?? [])];
  const source = useMemo(
    () =>
      sourceOf({ project, filter, sort: JSON.parse(sortText) as string[], group: JSON.parse(groupText) as string[] }),
    [project, filter, sortText, groupText],
  );
  const [pages, setPages] = useState([0]);
  const [seen, setSeen] = useState<[number, number]>([0, 12]);
  const wanted = useMemo((): Wanted => {
    const blocks = blocksOf(
      placed.scrolled.map(({ id }) => id),
      BLOCK,
    );
    const [from, to] = [Math.floor(seen[0] / BLOCK), Math.floor(seen[1] / BLOCK)];
    const pinned = [...placed.pinned.map(({ id }) => id), "state"];
    return { pages, blocks: [[...new Set(pinned)], ...blocks.slice(from, to + 1)] };
  }, [placed, pages, seen]);
  const rows = usePagedRows(source, wanted);
  const [chosen, setChosen] = useState<Map<string, string>>(new Map());

  const isUp = useLive(
    KINDS.map((kind) => `kind:${kind}`)
      .concat(`project:${project}`)
      .join(","),
    (events) => {
      rows.open(source);
      if (events.some(({ kind }) => kind === "ConfigChanged" || kind === "SummaryChanged" || kind === "RunCreated"))
        onNewKeys();
    },
    2_000,
  );

  const setLayout = (layout: Layout) => change({ cols: layout.cols, pin: layout.pin, widths: layout.widths }, false);
  const grouping = group ?? [];
  return (
    <div className="runs">
      <div className="toolbar">
        <FilterBar
          project={project}
          columns={columns}
          filter={filter}
          error={rows.error}
          onFilter={(text) => change({ filter: text === "" ? undefined : text })}
        />
        <GroupChooser
          columns={columns}
          group={grouping}
          onGroup={(next) => change({ group: next.length > 0 ? next : undefined })}
        />
        <ColumnChooser
          columns={columns}
          layout={address}
          onLayout={setLayout}
          isDefault={address.cols === undefined && address.pin === undefined}
        />
        <span className="counter soft" role="status">
          {rows.head === null
            ? ""
            : grouping.length > 0
              ? `${counted(rows.head.total, "group")} of ${counted(rows.head.runs, "run")}`
              : counted(rows.head.total, "run")}
        </span>
      </div>
      {chosen.size > 0 && (
        <Bulk project={project} chosen={chosen} onDone={() => rows.open(source)} onClear={() => setChosen(new Map())} />
      )}
      {rows.head === null ? (
        rows.error === null ? (
          <Waiting lines={14} />
        ) : filter === "" ? (
          <Trouble error={rows.error} again={() => rows.open(source)} />
        ) : (
          <div className="grid" />
        )
      ) : rows.head.total === 0 ? (
        <NoRuns filter={filter} onClear={() => change({ filter: undefined })} />
      ) : (
        <Grid
          // Another grouping is another set of rows; what was open in the old one means nothing.
          key={groupText}
          project={project}
          columns={columns}
          placed={placed}
          address={address}
          rows={rows}
          source={source}
          chosen={chosen}
          onChosen={setChosen}
          onLayout={setLayout}
          onSort={(next) => change({ sort: next.length > 0 ? next : undefined })}
          onGroup={(next) => change({ group: next.length > 0 ? next : undefined })}
          onFilter={(text) => change({ filter: text })}
          onSeen={(nextPages, nextColumns) => {
            setPages((before) => (before.join() === nextPages.join() ? before : nextPages));
            setSeen((before) => (before.join() === nextColumns.join() ? before : nextColumns));
          }}
        />
      )}
      <Offline isUp={isUp} />
    </div>
  );
}

function NoRuns({ filter, onClear }: { filter: string; onClear: () => void }) {
  if (filter === "") {
    return (
      <Empty title="This project has no runs">
        <p>They were deleted, or the first one has not begun. A run that is deleted comes back with wbq undelete.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No run fits the filter">
      <p>
        <code>{filter}</code>
      </p>
      <button type="button" className="button" onClick={onClear}>
        Show all runs
      </button>
    </Empty>
  );
}
