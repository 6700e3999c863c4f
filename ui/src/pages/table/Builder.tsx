/** The filter as conditions: column, operator, value, in groups of "all of" and "any of". */
import { useId, useState } from "react";
import { Popup } from "../../components/Popup";
import type { Column } from "../../model/columns";
import type { Condition, Filter, Group, Operator } from "../../model/filter";
import { EMPTY, parse, write } from "../../model/filter";
import { operatorsOf } from "../../model/suggest";
import { useValues } from "./FilterBar";

interface BuilderProps {
  project: string;
  columns: Column[];
  filter: string;
  onFilter: (filter: string) => void;
}

const BLANK: Condition = { is: "condition", column: "", operator: "=", values: [] };

export function Builder({ project, columns, filter, onFilter }: BuilderProps) {
  const [draft, setDraft] = useState<Group | null>(null);
  const [isOpen, setOpen] = useState(false);
  const conditions = count(parse(filter));
  const begin = (opens: boolean) => {
    const read = parse(filter);
    setDraft(read === null ? null : read.of.length === 0 ? { ...read, of: [BLANK] } : read);
    setOpen(opens);
  };
  const apply = () => {
    if (draft !== null) onFilter(write(draft));
    setOpen(false);
  };
  return (
    <Popup
      label="Filter"
      className="builder"
      triggerClass={filter === "" ? "button" : "button on"}
      trigger={<>Filter{conditions > 0 && <span className="number">{conditions}</span>}</>}
      isOpen={isOpen}
      onOpenChange={begin}
    >
      {draft === null ? (
        <p className="soft">This filter says more than conditions can show. Change it in its line, or begin anew.</p>
      ) : (
        <GroupEditor project={project} columns={columns} group={draft} depth={0} onGroup={setDraft} />
      )}
      <p className="faint builder-note">A missing value equals nothing; “!=” and “not in” hold for it.</p>
      <div className="actions">
        <button type="button" className="button quiet" onClick={() => setDraft({ ...EMPTY, of: [BLANK] })}>
          Begin anew
        </button>
        <button type="button" className="button primary" onClick={apply} disabled={draft === null}>
          Apply
        </button>
      </div>
    </Popup>
  );
}

function count(filter: Filter | null): number {
  if (filter === null) return 1;
  return filter.is === "condition" ? 1 : filter.of.reduce((sum, part) => sum + count(part), 0);
}

interface GroupEditorProps {
  project: string;
  columns: Column[];
  group: Group;
  depth: number;
  onGroup: (group: Group) => void;
  onRemove?: () => void;
}

function GroupEditor({ project, columns, group, depth, onGroup, onRemove }: GroupEditorProps) {
  const replace = (index: number, part: Filter | null) =>
    onGroup({ ...group, of: group.of.flatMap((old, at) => (at === index ? (part ?? []) : old)) });
  return (
    <fieldset className="builder-group">
      <legend>
        <select
          className="field"
          aria-label="How conditions are joined"
          value={group.is}
          onChange={(event) => onGroup({ ...group, is: event.target.value === "any" ? "any" : "all" })}
        >
          <option value="all">All of these hold</option>
          <option value="any">Any of these holds</option>
        </select>
        {onRemove !== undefined && (
          <button type="button" className="button quiet icon" aria-label="Remove the group" onClick={onRemove}>
            ×
          </button>
        )}
      </legend>
      {group.of.map((part, index) =>
        part.is === "condition" ? (
          <ConditionEditor
            key={index}
            project={project}
            columns={columns}
            condition={part}
            onCondition={(next) => replace(index, next)}
          />
        ) : (
          <GroupEditor
            key={index}
            project={project}
            columns={columns}
            group={part}
            depth={depth + 1}
            onGroup={(next) => replace(index, next)}
            onRemove={() => replace(index, null)}
          />
        ),
      )}
      <div className="builder-more">
        <button type="button" className="button small" onClick={() => onGroup({ ...group, of: [...group.of, BLANK] })}>
          + Condition
        </button>
        {depth < 3 && (
          <button
            type="button"
            className="button small quiet"
            onClick={() =>
              onGroup({ ...group, of: [...group.of, { is: group.is === "all" ? "any" : "all", of: [BLANK] }] })
            }
          >
            + Group
          </button>
        )}
      </div>
    </fieldset>
  );
}

interface ConditionEditorProps {
  project: string;
  columns: Column[];
  condition: Condition;
  onCondition: (condition: Condition | null) => void;
}

function ConditionEditor({ project, columns, condition, onCondition }: ConditionEditorProps) {
  const names = useId();
  const seen = useId();
  const column = columns.find(({ id }) => id === condition.column);
  const operators = operatorsOf(column?.kind ?? "value");
  const values = useValues(project, column?.id ?? null);
  const choices = [
    ...new Set(
      values
        .flat()
        .filter((value) => value !== null && typeof value !== "object")
        .map(String),
    ),
  ];
  const needsValue = condition.operator !== "is null" && condition.operator !== "is not null";
  const isList = condition.operator === "in" || condition.operator === "not in";
  const typed = condition.values.map(({ text }) => text).join(isList ? ", " : "");
  const setValue = (text: string) => {
    // Beside numbers what is typed is a number, beside texts a text.
    const isQuoted = column?.kind === "text" || column?.kind === "tags";
    const parts = isList ? text.split(",").map((part) => part.trimStart()) : [text];
    onCondition({ ...condition, values: parts.map((part) => ({ text: part, isQuoted: isQuoted && part !== "" })) });
  };
  return (
    <div className="builder-condition">
      <input
        className="field mono"
        aria-label="Column"
        placeholder="column"
        list={names}
        value={condition.column}
        spellCheck={false}
        onChange={(event) => {
          const kind = columns.find(({ id }) => id === event.target.value)?.kind;
          const fits = kind === undefined || operatorsOf(kind).includes(condition.operator);
          onCondition({
            ...condition,
            column: event.target.value,
            operator: fits ? condition.operator : (operatorsOf(kind)[0] ?? "="),
          });
        }}
      />
      <datalist id={names}>
        {columns.map(({ id }) => (
          <option key={id} value={id} />
        ))}
      </datalist>
      <select
        className="field"
        aria-label="Operator"
        value={condition.operator}
        onChange={(event) => onCondition({ ...condition, operator: event.target.value as Operator })}
      >
        {(operators.includes(condition.operator) ? operators : [condition.operator, ...operators]).map((operator) => (
          <option key={operator}>{operator}</option>
        ))}
      </select>
      <input
        className="field mono"
        aria-label="Value"
        placeholder={condition.operator === "within" ? "7 days" : isList ? "a, b" : "value"}
        list={seen}
        value={typed}
        disabled={!needsValue}
        spellCheck={false}
        onChange={(event) => setValue(event.target.value)}
      />
      <datalist id={seen}>
        {choices.map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
      <button
        type="button"
        className="button quiet icon"
        aria-label="Remove the condition"
        onClick={() => onCondition(null)}
      >
        ×
      </button>
    </div>
  );
}
