/** Rows of a table that was logged: sorted by a column's head, searched, drawn as far as they are on the screen. */
import { useVirtualizer } from "@tanstack/react-virtual";
import type { ReactNode } from "react";
import { useMemo, useRef, useState } from "react";
import type { Json } from "../api/http";
import { counted, formatNumber } from "../model/format";
import type { Table } from "../model/logTable";
import { rowsFound, rowsSorted, textOf } from "../model/logTable";
import "./datatable.css";

const ROW = 26;

interface DataTableProps {
  title: string;
  table: Table;
  height: number;
  /** What stands beside the search. */
  tools?: ReactNode;
  /** Colours of what stands in a column. */
  colors?: { column: number; of: Map<string, string> };
  /** The column that it is sorted by, with `-` in front from the greatest, where somebody else keeps it. */
  sorted?: { by: string | undefined; onSort: (by: string | undefined) => void };
}

export function DataTable({ title, table, height, tools, colors, sorted }: DataTableProps) {
  const [typed, setTyped] = useState("");
  const [own, setOwn] = useState<string>();
  const [by, setBy] = sorted === undefined ? [own, setOwn] : [sorted.by, sorted.onSort];
  const sort = useMemo(() => sortOf(table.columns, by), [table, by]);
  const place = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => {
    const found = rowsFound(table.rows, typed);
    return sort === null ? found : rowsSorted(found, sort.column, sort.isDown);
  }, [table, typed, sort]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const shown = virtual.getVirtualItems();
  const above = shown[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (shown.at(-1)?.end ?? 0);
  // Up, then down, then as it was logged.
  const sortBy = (column: number) => {
    const name = table.columns[column] ?? "";
    setBy(sort?.column !== column ? name : sort.isDown ? undefined : `-${name}`);
  };
  return (
    <div className="datatable" style={{ height }}>
      <div className="datatable-bar">
        <input
          className="field"
          type="search"
          placeholder="Search rows"
          aria-label={`Search rows of ${title}`}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        {tools}
        <span className="faint number" role="status">
          {typed.trim() === ""
            ? counted(rows.length, "row")
            : `${rows.length.toLocaleString("en-US")} of ${counted(table.rows.length, "row")}`}
        </span>
      </div>
      <div ref={place} className="datatable-rows" tabIndex={0} role="region" aria-label={`Rows of ${title}`}>
        <table aria-rowcount={rows.length + 1}>
          <thead>
            <tr>
              {table.columns.map((name, column) => {
                const isSorted = sort?.column === column;
                return (
                  <th key={column} aria-sort={!isSorted ? "none" : sort.isDown ? "descending" : "ascending"}>
                    <button type="button" onClick={() => sortBy(column)}>
                      {name === "" ? "–" : name} {isSorted && (sort.isDown ? "↓" : "↑")}
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {above > 0 && (
              <tr aria-hidden>
                <td style={{ height: above }} colSpan={table.columns.length} />
              </tr>
            )}
            {shown.map(({ index, key }) => (
              <tr key={key} aria-rowindex={index + 2}>
                {table.columns.map((_, column) => (
                  <Cell
                    key={column}
                    value={rows[index]?.[column]}
                    color={column === colors?.column ? colors.of.get(textOf(rows[index]?.[column])) : undefined}
                  />
                ))}
              </tr>
            ))}
            {below > 0 && (
              <tr aria-hidden>
                <td style={{ height: below }} colSpan={table.columns.length} />
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </div>
  );
}

/** Columns of the same name are one to who sorts: the first of them. */
function sortOf(columns: string[], by: string | undefined): { column: number; isDown: boolean } | null {
  if (by === undefined) return null;
  const plain = columns.indexOf(by);
  const column = plain < 0 && by.startsWith("-") ? columns.indexOf(by.slice(1)) : plain;
  return column < 0 ? null : { column, isDown: plain < 0 };
}

function Cell({ value, color }: { value: Json | undefined; color: string | undefined }) {
  if (typeof value === "number") {
    return (
      <td className="number" title={String(value)}>
        {formatNumber(value)}
      </td>
    );
  }
  const text = textOf(value);
  return (
    <td className="cut" title={text}>
      {color !== undefined && <i style={{ background: color }} />}
      {text}
    </td>
  );
}
