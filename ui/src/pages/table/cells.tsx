/** What stands in a cell: of a run, or of a group of runs. */
import { Link } from "@tanstack/react-router";
import { memo } from "react";
import type { Json } from "../../api/http";
import type { Row } from "../../api/read";
import { number, numberOrNull, text, texts } from "../../api/read";
import type { Page } from "../../api/runs";
import { Ago, StateBadge, Tags } from "../../components/Bits";
import type { Column } from "../../model/columns";
import { deltaOf, formatDelta } from "../../model/delta";
import { counted, formatNumber, formatSpan } from "../../model/format";
import { heights } from "../../model/groups";

const NONE = <span className="faint">–</span>;

interface CellProps {
  row: Row;
  column: Column;
  project: string;
  /** What other runs are measured by. */
  baseline: Row | null;
}

/** Of one run. It is drawn again only when its row or column is another: most of a scroll draws nothing. */
export const Cell = memo(function Cell({ row, column, project, baseline }: CellProps) {
  const value = row[column.id];
  const isBaseline = baseline !== null && row.run_id === baseline.run_id;
  if (column.id === "name") {
    const [entity = "", name = ""] = project.split("/");
    return (
      <Link
        className="cut run-link"
        to="/$entity/$project/runs/$run"
        params={{ entity, project: name, run: text(row.run_id) }}
        tabIndex={-1}
        title={text(value)}
      >
        <span className={`dot ${text(row.state).toLowerCase()}`} />
        {text(value)}
        {isBaseline && <span className="tag">baseline</span>}
      </Link>
    );
  }
  if (value === null || value === undefined || value === "") return NONE;
  switch (column.kind) {
    case "state":
      return <StateBadge state={text(value)} />;
    case "tags":
      return <Tags tags={texts(value)} />;
    case "time":
      return <Ago moment={text(value)} />;
    case "span":
      return (
        <>
          <Delta value={value} of={baseline?.[column.id]} shown={formatSpan} />
          <span title={`${number(value)} s`}>{formatSpan(number(value))}</span>
        </>
      );
    default:
      return (
        <>
          <Delta value={value} of={baseline?.[column.id]} shown={formatNumber} />
          <Value value={value} />
        </>
      );
  }
});

/** How far a number is from the baseline's; the baseline itself has none. */
function Delta({ value, of, shown }: { value: Json; of: Json | undefined; shown: (value: number) => string }) {
  const delta = deltaOf(value, of);
  if (delta === null || delta === 0) return null;
  return <span className="delta">{formatDelta(delta, shown)}</span>;
}

/** Any value, in one line. */
export function Value({ value }: { value: Json }) {
  if (typeof value === "number") {
    return (
      <span className="number" title={String(value)}>
        {formatNumber(value)}
      </span>
    );
  }
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return (
    <span className="cut" title={shown}>
      {shown}
    </span>
  );
}

interface GroupCellProps {
  row: Row;
  column: Column;
  group: string[];
  head: Page | null;
}

/** Of a group: what all its runs have alike, else how many values there are, or how numbers are spread. */
export function GroupCell({ row, column, group, head }: GroupCellProps) {
  if (column.id === "name") {
    return (
      <span className="cut group-name">
        <b title={group.join(", ")}>{group.map((id) => shownKey(row[id])).join(" · ")}</b>
        <span className="faint">{counted(number(row.runs), "run")}</span>
      </span>
    );
  }
  const mean = numberOrNull(row[`${column.id}.mean`]);
  if (mean !== null) return <Spread row={row} column={column} mean={mean} range={head?.ranges[column.id]} />;
  const value = row[column.id];
  if (value !== null && value !== undefined)
    return column.kind === "state" ? <StateBadge state={text(value)} /> : <Value value={value} />;
  const distinct = number(row[`${column.id}.distinct`]);
  return distinct > 0 ? <span className="faint">{counted(distinct, "value")}</span> : NONE;
}

function shownKey(value: Json | undefined): string {
  if (value === null || value === undefined) return "none";
  if (typeof value === "number") return formatNumber(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Numbers of a group: their mean, and bars over the range of all groups. */
function Spread({
  row,
  column,
  mean,
  range,
}: {
  row: Row;
  column: Column;
  mean: number;
  range: [number, number] | undefined;
}) {
  const [low, high] = [number(row[`${column.id}.min`]), number(row[`${column.id}.max`])];
  const shown = column.kind === "span" ? formatSpan : formatNumber;
  const bins = row[`${column.id}.bins`];
  const told = `${counted(number(row[`${column.id}.count`]), "value")}: mean ${shown(mean)}, from ${shown(low)} to ${shown(high)}`;
  const bars = Array.isArray(bins) ? heights(bins.map((bin) => number(bin))) : [];
  return (
    <span
      className="spread"
      title={range === undefined ? told : `${told}; the bars go from ${shown(range[0])} to ${shown(range[1])}`}
    >
      {bars.length > 0 && (
        <svg className="bars" viewBox={`0 0 ${bars.length * 3} 18`} preserveAspectRatio="none" aria-hidden="true">
          {bars.map(
            (height, bin) =>
              height > 0 && (
                <rect
                  key={bin}
                  x={bin * 3}
                  y={18 - Math.max(2, height * 18)}
                  width="2.4"
                  height={Math.max(2, height * 18)}
                />
              ),
          )}
        </svg>
      )}
      <span className="number">{shown(mean)}</span>
    </span>
  );
}
