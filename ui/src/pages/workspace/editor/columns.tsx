/** Which metrics or columns a panel shows. */
import { useId, useState } from "react";
import { Picker } from "../../../components/Picker";
import type { Column } from "../../../model/columns";
import { searched } from "../../../model/columns";
import { metricNames } from "../../../model/lineNames";
import { metricsOf } from "../../../model/panel";
import { keysFound } from "../../../model/sections";
import { pickOf } from "../../table/pickers";
import type { FieldProps } from "./field";
import { AS_WORKSPACE, orNone } from "./field";

function ticked(keys: string[] | undefined, id: string, isTicked: boolean): string[] | undefined {
  const next = isTicked ? [...(keys ?? []), id] : (keys ?? []).filter((key) => key !== id);
  return next.length > 0 ? next : undefined;
}

export function Metrics({ panel, scene, onPanel }: FieldProps) {
  const [typed, setTyped] = useState("");
  const found = keysFound(scene.metrics, typed);
  const chosen = new Set(panel.keys);
  const first = [...found].sort((a, b) => Number(chosen.has(b)) - Number(chosen.has(a)));
  const drawn = metricsOf(panel, scene.metrics);
  const names = metricNames(panel, drawn);
  const called = (key: string) => (names.has(key) ? `${key} as ${names.get(key)}` : key);
  return (
    <fieldset className="editor-picks">
      <legend>Metrics</legend>
      <Picker
        placeholder="Search metrics"
        typed={typed}
        onTyped={setTyped}
        picks={first.map((key) => ({ id: key, space: "", label: key, isTicked: chosen.has(key) }))}
        onPick={(key, isTicked) => onPanel({ keys: ticked(panel.keys, key, isTicked) })}
        none="No metric has such a name."
      />
      <label className="labelled">
        And those that fit the expression
        <input
          className="field mono"
          placeholder="^val/ or, to name the lines, ^val/(.+)"
          spellCheck={false}
          value={panel.match ?? ""}
          onChange={(event) => onPanel({ match: orNone(event.target.value) })}
        />
      </label>
      <p className="faint" role="status">
        {drawn.length === 0
          ? "None is drawn."
          : `${drawn.length} drawn: ${drawn.slice(0, 4).map(called).join(", ")}${drawn.length > 4 ? ", …" : ""}`}
      </p>
    </fieldset>
  );
}

export function Columns({ panel, scene, onPanel }: FieldProps) {
  const [typed, setTyped] = useState("");
  const chosen = new Set(panel.keys);
  const able = scene.columns.filter(
    ({ kind }) => kind === "number" || kind === "span" || kind === "value" || kind === "text",
  );
  const found = searched(able, typed).sort((a, b) => Number(chosen.has(b.id)) - Number(chosen.has(a.id)));
  return (
    <fieldset className="editor-picks">
      <legend>Columns</legend>
      <Picker
        placeholder="Search columns"
        typed={typed}
        onTyped={setTyped}
        picks={found.map((column) => pickOf(column, chosen.has(column.id)))}
        onPick={(id, isTicked) => onPanel({ keys: ticked(panel.keys, id, isTicked) })}
        none="No column has such a name."
      />
    </fieldset>
  );
}

interface ColumnFieldProps {
  label: string;
  value: string | undefined;
  columns: Column[];
  placeholder?: string;
  onColumn: (id: string | undefined) => void;
}

function ColumnField({ label, value, columns, placeholder = "none", onColumn }: ColumnFieldProps) {
  const list = useId();
  return (
    <label className="labelled">
      {label}
      <input
        className="field mono"
        list={list}
        placeholder={placeholder}
        spellCheck={false}
        value={value ?? ""}
        onChange={(event) => onColumn(orNone(event.target.value))}
      />
      <datalist id={list}>
        {columns.map(({ id }) => (
          <option key={id} value={id} />
        ))}
      </datalist>
    </label>
  );
}

const numbers = (columns: Column[]) =>
  columns.filter(({ kind }) => kind !== "tags" && kind !== "text" && kind !== "state");

export function Value({ panel, scene, onPanel }: FieldProps) {
  return (
    <ColumnField
      label="Value"
      placeholder="summary.loss"
      columns={numbers(scene.columns)}
      value={panel.keys?.[0]}
      onColumn={(id) => onPanel({ keys: id === undefined ? undefined : [id] })}
    />
  );
}

export function Target({ panel, scene, onPanel }: FieldProps) {
  return (
    <ColumnField
      label="For"
      placeholder="summary.loss"
      columns={numbers(scene.columns).filter(({ space }) => space === "summary")}
      value={panel.y}
      onColumn={(y) => onPanel({ y })}
    />
  );
}

export function Points({ panel, scene, onPanel }: FieldProps) {
  const columns = numbers(scene.columns);
  return (
    <>
      <ColumnField
        label="X"
        placeholder="config.lr"
        columns={columns}
        value={panel.x}
        onColumn={(x) => onPanel({ x })}
      />
      <ColumnField
        label="Y"
        placeholder="summary.loss"
        columns={columns}
        value={panel.y}
        onColumn={(y) => onPanel({ y })}
      />
    </>
  );
}

export function Color({ panel, scene, onPanel }: FieldProps) {
  return (
    <ColumnField
      label="Coloured by"
      placeholder="the run"
      columns={scene.columns}
      value={panel.color}
      onColumn={(color) => onPanel({ color })}
    />
  );
}

export function GroupBy({ panel, scene, onPanel }: FieldProps) {
  return (
    <ColumnField
      label="Grouped by"
      placeholder={panel.kind === "line" ? AS_WORKSPACE.toLowerCase() : "none"}
      columns={scene.columns}
      value={panel.group}
      onColumn={(group) => onPanel({ group })}
    />
  );
}

export function Apart({ panel, scene, onPanel }: FieldProps) {
  return (
    <ColumnField
      label="Bars beside each other by"
      columns={scene.columns}
      value={panel.color}
      onColumn={(color) => onPanel({ color })}
    />
  );
}

export function Chart({ panel, scene, onPanel }: FieldProps) {
  const chosen = panel.keys?.[0] ?? "";
  return (
    <label className="labelled">
      Chart
      <select
        className="field"
        value={chosen}
        onChange={(event) => onPanel({ keys: event.target.value === "" ? undefined : [event.target.value] })}
      >
        <option value="">{scene.charts.length + scene.tables.length === 0 ? "No run has one" : "Choose"}</option>
        {[...new Set([...scene.charts, chosen])]
          .filter((key) => key !== "" && !scene.tables.includes(key))
          .map((key) => (
            <option key={key} value={key}>
              {key}
            </option>
          ))}
        {scene.tables.length > 0 && (
          <optgroup label="Tables, to be specified">
            {scene.tables.map((key) => (
              <option key={key} value={key}>
                {key}
              </option>
            ))}
          </optgroup>
        )}
      </select>
    </label>
  );
}

interface LoggedKeyProps extends FieldProps {
  label: string;
  known: string[];
}

/** One of the keys that runs logged; any other may be typed, for what comes later. */
function LoggedKey({ panel, label, known, onPanel }: LoggedKeyProps) {
  const list = useId();
  const chosen = panel.keys?.[0] ?? "";
  return (
    <label className="labelled">
      {label}
      <input
        className="field mono"
        list={list}
        placeholder={known[0] ?? "no run has one"}
        spellCheck={false}
        value={chosen}
        onChange={({ target }) => onPanel({ keys: target.value === "" ? undefined : [target.value] })}
      />
      <datalist id={list}>
        {known.map((key) => (
          <option key={key} value={key} />
        ))}
      </datalist>
    </label>
  );
}

export const MediaKey = (props: FieldProps) => <LoggedKey {...props} label="Media" known={props.scene.media} />;
export const TableKey = (props: FieldProps) => <LoggedKey {...props} label="Table" known={props.scene.tables} />;
