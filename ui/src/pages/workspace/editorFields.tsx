/** The fields of the editor, and which of them a panel of each kind has. */
import type { ReactNode } from "react";
import { useId, useState } from "react";
import { Picker } from "../../components/Picker";
import type { Column } from "../../model/columns";
import { searched } from "../../model/columns";
import type { Aggregate, Band, Kind, Panel } from "../../model/panel";
import { AGGREGATES, BANDS, metricsOf } from "../../model/panel";
import { keysFound } from "../../model/sections";
import { pickOf } from "../table/pickers";
import { AxisField, SmoothingFields } from "./fields";
import type { Scene } from "./scene";

interface FieldProps {
  panel: Panel;
  scene: Scene;
  onPanel: (changed: Partial<Panel>) => void;
}

type Field = (props: FieldProps) => ReactNode;

const AS_WORKSPACE = "As the workspace";

const orNone = (value: string) => (value === "" ? undefined : value);

function ticked(keys: string[] | undefined, id: string, isTicked: boolean): string[] | undefined {
  const next = isTicked ? [...(keys ?? []), id] : (keys ?? []).filter((key) => key !== id);
  return next.length > 0 ? next : undefined;
}

function Metrics({ panel, scene, onPanel }: FieldProps) {
  const [typed, setTyped] = useState("");
  const found = keysFound(scene.metrics, typed);
  const chosen = new Set(panel.keys);
  const first = [...found].sort((a, b) => Number(chosen.has(b)) - Number(chosen.has(a)));
  const drawn = metricsOf(panel, scene.metrics);
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
          placeholder="^val/"
          spellCheck={false}
          value={panel.match ?? ""}
          onChange={(event) => onPanel({ match: orNone(event.target.value) })}
        />
      </label>
      <p className="faint" role="status">
        {drawn.length === 0
          ? "None is drawn."
          : `${drawn.length} drawn: ${drawn.slice(0, 4).join(", ")}${drawn.length > 4 ? ", …" : ""}`}
      </p>
    </fieldset>
  );
}

function Columns({ panel, scene, onPanel }: FieldProps) {
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

function Value({ panel, scene, onPanel }: FieldProps) {
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

function Target({ panel, scene, onPanel }: FieldProps) {
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

function Points({ panel, scene, onPanel }: FieldProps) {
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

function Color({ panel, scene, onPanel }: FieldProps) {
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

function GroupBy({ panel, scene, onPanel }: FieldProps) {
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

function Apart({ panel, scene, onPanel }: FieldProps) {
  return (
    <ColumnField
      label="Bars beside each other by"
      columns={scene.columns}
      value={panel.color}
      onColumn={(color) => onPanel({ color })}
    />
  );
}

function Axis({ panel, scene, onPanel }: FieldProps) {
  return (
    <label className="labelled">
      X axis
      <AxisField
        value={panel.x ?? ""}
        metrics={scene.metrics}
        none={AS_WORKSPACE}
        onAxis={(x) => onPanel({ x: orNone(x) })}
      />
    </label>
  );
}

function Smoothing({ panel, onPanel }: FieldProps) {
  return (
    <div className="labelled">
      Smoothing
      <div className="editor-row">
        <SmoothingFields
          kind={panel.smooth}
          amount={panel.amount}
          none={AS_WORKSPACE}
          onKind={(smooth) => onPanel({ smooth, amount: undefined })}
          onAmount={(amount) => onPanel({ amount })}
        />
      </div>
    </div>
  );
}

function Scales({ panel, onPanel }: FieldProps) {
  const scale = (label: string, value: boolean | undefined, onScale: (isLog: boolean | undefined) => void) => (
    <label className="labelled">
      {label}
      <select
        className="field"
        value={value === undefined ? "" : value ? "log" : "linear"}
        onChange={(event) => onScale(event.target.value === "" ? undefined : event.target.value === "log")}
      >
        <option value="">{panel.kind === "line" ? AS_WORKSPACE : "Linear"}</option>
        {panel.kind === "line" && <option value="linear">Linear</option>}
        <option value="log">Logarithmic</option>
      </select>
    </label>
  );
  return (
    <>
      {scale("Scale of x", panel.logX, (logX) => onPanel({ logX }))}
      {scale("Scale of y", panel.logY, (logY) => onPanel({ logY }))}
    </>
  );
}

function Ranges({ panel, onPanel }: FieldProps) {
  const end = (label: string, name: "xMin" | "xMax" | "yMin" | "yMax") => (
    <input
      className="field"
      type="number"
      step="any"
      aria-label={label}
      placeholder={name.endsWith("Min") ? "from" : "to"}
      value={panel[name] ?? ""}
      onChange={(event) => onPanel({ [name]: event.target.value === "" ? undefined : Number(event.target.value) })}
    />
  );
  return (
    <>
      <div className="labelled">
        Range of x
        <div className="editor-row">
          {end("X from", "xMin")}
          {end("X to", "xMax")}
        </div>
      </div>
      <div className="labelled">
        Range of y
        <div className="editor-row">
          {end("Y from", "yMin")}
          {end("Y to", "yMax")}
        </div>
      </div>
    </>
  );
}

const BAND_NAMES: Record<Band, string> = {
  min_max: "From least to greatest",
  deviation: "Standard deviation",
  error: "Standard error",
  none: "No band",
};
const AGGREGATE_NAMES: Record<Aggregate, string> = {
  mean: "Mean",
  min: "Least",
  max: "Greatest",
  median: "Median",
  sum: "Sum",
};

function Aggregated({ panel, onPanel }: FieldProps) {
  return (
    <label className="labelled">
      {panel.kind === "scalar" ? "Of all runs" : "Of a group"}
      <select
        className="field"
        value={panel.aggregate ?? "mean"}
        onChange={(event) =>
          onPanel({ aggregate: AGGREGATES.find((known) => known === event.target.value && known !== "mean") })
        }
      >
        {AGGREGATES.map((known) => (
          <option key={known} value={known}>
            {AGGREGATE_NAMES[known]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Banded({ panel, onPanel }: FieldProps) {
  return (
    <label className="labelled">
      Band
      <select
        className="field"
        value={panel.band ?? "min_max"}
        onChange={(event) =>
          onPanel({ band: BANDS.find((known) => known === event.target.value && known !== "min_max") })
        }
      >
        {BANDS.map((known) => (
          <option key={known} value={known}>
            {BAND_NAMES[known]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Legend({ panel, onPanel }: FieldProps) {
  return (
    <label className="check editor-check">
      <input
        type="checkbox"
        checked={panel.legend === true}
        onChange={(event) => onPanel({ legend: event.target.checked ? true : undefined })}
      />{" "}
      Legend below the lines
    </label>
  );
}

function Bins({ panel, onPanel }: FieldProps) {
  return (
    <label className="labelled">
      Bars
      <input
        className="field"
        type="number"
        min={2}
        max={200}
        placeholder="20"
        value={panel.bins ?? ""}
        onChange={(event) => onPanel({ bins: event.target.value === "" ? undefined : Number(event.target.value) })}
      />
    </label>
  );
}

function Written({ panel, onPanel }: FieldProps) {
  return (
    <label className="labelled editor-written">
      Markdown
      <textarea
        className="field mono"
        rows={10}
        value={panel.text ?? ""}
        onChange={(event) => onPanel({ text: orNone(event.target.value) })}
      />
    </label>
  );
}

export const FIELDS: Record<Kind, Field[]> = {
  line: [Metrics, Axis, Smoothing, Scales, Ranges, GroupBy, Aggregated, Banded, Legend],
  bar: [Value, GroupBy, Apart, Aggregated],
  scatter: [Points, Color, Scales],
  histogram: [Value, Bins],
  scalar: [Value, Aggregated],
  parallel: [Columns, Color],
  importance: [Target],
  compare: [],
  markdown: [Written],
};
