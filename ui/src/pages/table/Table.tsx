/** The runs table of a project. All that a person sets stands in the address. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { text } from "../../api/read";
import { projectKeys } from "../../api/runs";
import { Comparer } from "../../components/Comparer";
import { ROW_KINDS } from "../../api/events";
import { Offline, useLive } from "../../components/live";
import { Modal } from "../../components/Modal";
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
import { Export } from "./Export";
import { FilterBar } from "./FilterBar";
import { Grid } from "./Grid";
import { MomentPicker, PastBanner } from "./Moment";
import { ColumnChooser, GroupChooser } from "./pickers";
import "./table.css";
import { sourceOf, useBaseline, usePagedRows } from "./useTable";

/** Columns that are asked for together. */
const BLOCK = 24;

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
  const { filter = "", sort, group, at, base } = address;
  const [sortText, groupText] = [JSON.stringify(sort ?? []), JSON.stringify(group ?? [])];
  const source = useMemo(
    () =>
      sourceOf(
        { project, filter, sort: JSON.parse(sortText) as string[], group: JSON.parse(groupText) as string[] },
        at,
      ),
    [project, filter, sortText, groupText, at],
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
  const [failed, setFailed] = useState<Error | null>(null);
  const baseline = useBaseline(project, base, at, wanted.blocks);

  const client = useQueryClient();
  const isUp = useLive(
    ROW_KINDS.map((kind) => `kind:${kind}`)
      .concat(`project:${project}`)
      .join(","),
    (events) => {
      if (at === undefined) {
        rows.open(source);
        void client.invalidateQueries({ queryKey: ["runs", "rows"] });
      }
      if (events.some(({ kind }) => kind === "ConfigChanged" || kind === "SummaryChanged" || kind === "RunCreated"))
        onNewKeys();
    },
    2_000,
  );

  const setLayout = (layout: Layout) => change({ cols: layout.cols, pin: layout.pin, widths: layout.widths }, false);
  const grouping = group ?? [];
  const exported = (ids: string[] | null, className: string) => (
    <Export
      project={project}
      filter={filter}
      sort={sort ?? []}
      at={at}
      columns={[...placed.pinned, ...placed.scrolled].map(({ id }) => id)}
      ids={ids}
      className={className}
      onError={setFailed}
    />
  );
  return (
    <div className="runs">
      <div className="toolbar">
        <FilterBar
          project={project}
          columns={columns}
          filter={filter}
          error={rows.error}
          onFilter={(typed) => change({ filter: typed === "" ? undefined : typed })}
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
        {exported(null, "button")}
        <MomentPicker project={project} what="table" at={at} onAt={(moment) => change({ at: moment })} />
        <span className="counter soft" role="status">
          {rows.head === null
            ? ""
            : grouping.length > 0
              ? `${counted(rows.head.total, "group")} of ${counted(rows.head.runs, "run")}`
              : counted(rows.head.total, "run")}
        </span>
      </div>
      {at !== undefined && <PastBanner what="table" at={at} onAt={(moment) => change({ at: moment })} />}
      {base !== undefined && grouping.length === 0 && (
        <div className="baseline-bar">
          Measured by <b className="cut">{baseline === null ? base : text(baseline.name)}</b>
          <button type="button" className="button quiet small" onClick={() => change({ base: undefined })}>
            No baseline
          </button>
        </div>
      )}
      {failed !== null && (
        <div className="told bad" role="alert">
          The file could not be written: {failed.message}
        </div>
      )}
      {address.compare !== undefined && (
        <Modal
          title={`Compare ${counted(address.compare.length, "run")}`}
          className="compare-dialog"
          onClose={() => change({ compare: undefined })}
        >
          <Comparer project={project} ids={address.compare} at={at} label="Runs beside each other" />
        </Modal>
      )}
      {chosen.size > 0 && (
        <Bulk
          project={project}
          chosen={chosen}
          isPast={at !== undefined}
          base={base}
          onBase={(id) => change({ base: id })}
          onCompare={(ids) => change({ compare: ids })}
          exported={exported([...chosen.keys()], "button small")}
          onDone={() => rows.open(source)}
          onClear={() => setChosen(new Map())}
        />
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
        <NoRuns filter={filter} isPast={at !== undefined} onClear={() => change({ filter: undefined })} />
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
          baseline={baseline}
          chosen={chosen}
          onChosen={setChosen}
          onLayout={setLayout}
          onSort={(next) => change({ sort: next.length > 0 ? next : undefined })}
          onGroup={(next) => change({ group: next.length > 0 ? next : undefined })}
          onFilter={(typed) => change({ filter: typed })}
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

function NoRuns({ filter, isPast, onClear }: { filter: string; isPast: boolean; onClear: () => void }) {
  if (filter === "" && isPast) return <Empty title="There were no runs then" />;
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
