/** Choosing columns: which are shown, which are pinned, by which runs are grouped. */
import * as Popover from "@radix-ui/react-popover";
import { useState } from "react";
import type { Column } from "../../model/columns";
import { searched } from "../../model/columns";
import type { Layout } from "../../model/layout";
import { pin, place, show } from "../../model/layout";

/** How many names a list shows; what is typed narrows them. */
const LISTED = 200;

interface ColumnChooserProps {
  columns: Column[];
  layout: Layout;
  isDefault: boolean;
  onLayout: (layout: Layout) => void;
}

export function ColumnChooser({ columns, layout, isDefault, onLayout }: ColumnChooserProps) {
  const [typed, setTyped] = useState("");
  const placed = place(columns, layout);
  const pinned = new Set(placed.pinned.map(({ id }) => id));
  const shown = new Set([...pinned, ...placed.scrolled.map(({ id }) => id)]);
  const found = searched(
    columns.filter(({ id }) => id !== "name"),
    typed,
  );
  const ids = found.map(({ id }) => id);
  return (
    <Popover.Root onOpenChange={() => setTyped("")}>
      <Popover.Trigger className="button">
        Columns <span className="faint number">{shown.size}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="popover picker"
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Columns"
        >
          <input
            className="field"
            type="search"
            placeholder="Search columns"
            aria-label="Search columns"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <div className="picker-all">
            <button
              type="button"
              className="button small"
              onClick={() =>
                onLayout(
                  show(
                    columns,
                    layout,
                    ids.filter((id) => !shown.has(id)),
                    true,
                  ),
                )
              }
            >
              Show {typed === "" ? "all" : ids.length}
            </button>
            <button type="button" className="button small" onClick={() => onLayout(show(columns, layout, ids, false))}>
              Hide {typed === "" ? "all" : ids.length}
            </button>
            {typed !== "" && (
              <button type="button" className="button small" onClick={() => onLayout(pin(columns, layout, ids, true))}>
                Pin {ids.length}
              </button>
            )}
            <button type="button" className="button small quiet" disabled={isDefault} onClick={() => onLayout({})}>
              Reset
            </button>
          </div>
          <ul className="picker-list" tabIndex={0} aria-label="Columns found">
            {found.slice(0, LISTED).map((column) => (
              <li key={column.id}>
                <label className="cut">
                  <input
                    type="checkbox"
                    checked={shown.has(column.id)}
                    onChange={(event) => onLayout(show(columns, layout, [column.id], event.target.checked))}
                  />
                  <span className="cut">
                    {column.space !== "run" && <span className="faint">{column.space}.</span>}
                    {column.label}
                  </span>
                </label>
                <button
                  type="button"
                  className={pinned.has(column.id) ? "pin on" : "pin"}
                  aria-pressed={pinned.has(column.id)}
                  aria-label={`Pin ${column.id}`}
                  title="Pin beside Name"
                  onClick={() => onLayout(pin(columns, layout, [column.id], !pinned.has(column.id)))}
                >
                  <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
                    <path d="M4 1h4l-.6 4L9 6.5H6.5L6 11l-.5-4.5H3L4.6 5z" fill="currentColor" />
                  </svg>
                </button>
              </li>
            ))}
          </ul>
          {found.length > LISTED && <p className="faint">{found.length - LISTED} more: type to find them.</p>}
          {found.length === 0 && <p className="faint">No column has such a name.</p>}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

interface GroupChooserProps {
  columns: Column[];
  group: string[];
  onGroup: (group: string[]) => void;
}

export function GroupChooser({ columns, group, onGroup }: GroupChooserProps) {
  const [typed, setTyped] = useState("");
  const able = columns.filter(({ id, kind }) => id !== "name" && kind !== "tags" && kind !== "time" && kind !== "span");
  const found = searched(able, typed);
  return (
    <Popover.Root onOpenChange={() => setTyped("")}>
      <Popover.Trigger className={group.length > 0 ? "button on" : "button"}>
        Group
        {group.length > 0 && (
          <span className="cut group-by">by {group.map((id) => id.replace(/^(config|summary)\./, "")).join(", ")}</span>
        )}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="popover picker"
          align="start"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Group runs"
        >
          <input
            className="field"
            type="search"
            placeholder="Group by a column"
            aria-label="Group by a column"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <div className="picker-all">
            <button
              type="button"
              className="button small quiet"
              disabled={group.length === 0}
              onClick={() => onGroup([])}
            >
              No groups
            </button>
          </div>
          <ul className="picker-list" tabIndex={0} aria-label="Columns found">
            {found.slice(0, LISTED).map(({ id, space, label }) => (
              <li key={id}>
                <label className="cut">
                  <input
                    type="checkbox"
                    checked={group.includes(id)}
                    onChange={(event) =>
                      onGroup(event.target.checked ? [...group, id] : group.filter((key) => key !== id))
                    }
                  />
                  <span className="cut">
                    {space !== "run" && <span className="faint">{space}.</span>}
                    {label}
                  </span>
                </label>
              </li>
            ))}
          </ul>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
