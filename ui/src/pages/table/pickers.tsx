/** Choosing columns: which are shown, which are pinned, by which runs are grouped. */
import { useState } from "react";
import type { Pick } from "../../components/Picker";
import { Picker } from "../../components/Picker";
import { Popup } from "../../components/Popup";
import type { Column } from "../../model/columns";
import { searched } from "../../model/columns";
import type { Layout } from "../../model/layout";
import { pin, place, show } from "../../model/layout";

const NONE = "No column has such a name.";

export function pickOf({ id, space, label }: Column, isTicked: boolean): Pick {
  return { id, space: space === "run" ? "" : space, label, isTicked };
}

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
  const hidden = ids.filter((id) => !shown.has(id));
  const act = (label: string, next: () => Layout) => (
    <button type="button" className="button small" onClick={() => onLayout(next())}>
      {label}
    </button>
  );
  return (
    <Popup
      label="Columns"
      className="picker"
      align="end"
      onOpenChange={() => setTyped("")}
      trigger={
        <>
          Columns <span className="faint number">{shown.size}</span>
        </>
      }
    >
      <Picker
        placeholder="Search columns"
        typed={typed}
        onTyped={setTyped}
        picks={found.map((column) => pickOf(column, shown.has(column.id)))}
        onPick={(id, isTicked) => onLayout(show(columns, layout, [id], isTicked))}
        none={NONE}
        actions={
          <>
            {act(`Show ${typed === "" ? "all" : ids.length}`, () => show(columns, layout, hidden, true))}
            {act(`Hide ${typed === "" ? "all" : ids.length}`, () => show(columns, layout, ids, false))}
            {typed !== "" && act(`Pin ${ids.length}`, () => pin(columns, layout, ids, true))}
            <button type="button" className="button small quiet" disabled={isDefault} onClick={() => onLayout({})}>
              Reset
            </button>
          </>
        }
        aside={(id) => (
          <button
            type="button"
            className={pinned.has(id) ? "pin on" : "pin"}
            aria-pressed={pinned.has(id)}
            aria-label={`Pin ${id}`}
            title="Pin beside Name"
            onClick={() => onLayout(pin(columns, layout, [id], !pinned.has(id)))}
          >
            <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
              <path d="M4 1h4l-.6 4L9 6.5H6.5L6 11l-.5-4.5H3L4.6 5z" fill="currentColor" />
            </svg>
          </button>
        )}
      />
    </Popup>
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
  return (
    <Popup
      label="Group runs"
      className="picker"
      onOpenChange={() => setTyped("")}
      triggerClass={group.length > 0 ? "button on" : "button"}
      trigger={
        <>
          Group
          {group.length > 0 && (
            <span className="cut group-by">
              by {group.map((id) => id.replace(/^(config|summary)\./, "")).join(", ")}
            </span>
          )}
        </>
      }
    >
      <Picker
        placeholder="Group by a column"
        typed={typed}
        onTyped={setTyped}
        picks={searched(able, typed).map((column) => pickOf(column, group.includes(column.id)))}
        onPick={(id, isTicked) => onGroup(isTicked ? [...group, id] : group.filter((key) => key !== id))}
        none={NONE}
        actions={
          <button
            type="button"
            className="button small quiet"
            disabled={group.length === 0}
            onClick={() => onGroup([])}
          >
            No groups
          </button>
        }
      />
    </Popup>
  );
}
