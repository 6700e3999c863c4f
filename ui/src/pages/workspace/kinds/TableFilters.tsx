/** Which rows of a table are shown, and by which column they are compared. */
import { useState } from "react";
import { Popup } from "../../../components/Popup";
import type { Condition } from "../../../model/joinedTable";
import { OPERATORS } from "../../../model/joinedTable";
import type { Table } from "../../../model/logTable";
import type { Panel } from "../../../model/panel";

interface TableFiltersProps {
  title: string;
  table: Table;
  panel: Panel;
  onPanel: (changed: Partial<Panel>) => void;
}

export function TableFilters({ title, table, panel, onPanel }: TableFiltersProps) {
  const [isOpen, setOpen] = useState(false);
  const { where = [], group } = panel;
  const set = (next: Condition[]) => onPanel({ where: next.length > 0 ? next : undefined });
  const change = (place: number, condition: Condition) =>
    set(where.map((before, at) => (at === place ? condition : before)));
  const [first = ""] = table.columns;
  return (
    <>
      <Popup
        label={`Filter of ${title}`}
        trigger={where.length === 0 ? "Filter" : `Filter (${where.length})`}
        triggerClass={where.length === 0 ? "button small" : "button small on"}
        className="table-filters"
        isOpen={isOpen}
        onOpenChange={setOpen}
      >
        {where.length === 0 ? <p className="faint">All rows are shown.</p> : null}
        <ul>
          {where.map((condition, place) => (
            <li key={place}>
              <OneCondition
                condition={condition}
                columns={table.columns}
                place={place + 1}
                onChange={(next) => change(place, next)}
              />
              <button
                type="button"
                className="button quiet icon"
                aria-label={`Remove condition ${place + 1}`}
                onClick={() => set(where.filter((_, at) => at !== place))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
        <div className="actions">
          <button type="button" className="button" onClick={() => set([...where, [first, "=", ""]])}>
            Add a condition
          </button>
        </div>
      </Popup>
      <select
        className="field"
        aria-label={`Compare ${title} by`}
        value={group ?? ""}
        onChange={({ target }) => onPanel({ group: target.value === "" ? undefined : target.value, sort: undefined })}
      >
        <option value="">All rows</option>
        {[...new Set([...table.columns.slice(1), ...(group === undefined ? [] : [group])])].map((name) => (
          <option key={name} value={name}>
            By {name}
          </option>
        ))}
      </select>
    </>
  );
}

interface OneConditionProps {
  condition: Condition;
  columns: string[];
  place: number;
  onChange: (condition: Condition) => void;
}

function OneCondition({ condition: [column, operator, wanted], columns, place, onChange }: OneConditionProps) {
  return (
    <>
      <select
        className="field"
        aria-label={`Column of condition ${place}`}
        value={column}
        onChange={({ target }) => onChange([target.value, operator, wanted])}
      >
        {[...new Set([...columns, column])].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select
        className="field"
        aria-label={`Operator of condition ${place}`}
        value={operator}
        onChange={({ target }) =>
          onChange([column, OPERATORS.find((known) => known === target.value) ?? operator, wanted])
        }
      >
        {OPERATORS.map((known) => (
          <option key={known}>{known}</option>
        ))}
      </select>
      <input
        className="field"
        aria-label={`Value of condition ${place}`}
        value={wanted}
        onChange={({ target }) => onChange([column, operator, target.value])}
      />
    </>
  );
}
