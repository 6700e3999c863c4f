/** How a panel draws: axis, smoothing, scales, ranges, and what stands for groups. */
import { useId } from "react";
import { readTemplate, unknownIn } from "../../../model/lineNames";
import type { Aggregate, Band } from "../../../model/panel";
import { AGGREGATES, BANDS } from "../../../model/panel";
import { AxisField, SmoothingFields } from "../fields";
import type { FieldProps } from "./field";
import { AS_WORKSPACE, orNone } from "./field";

export function Axis({ panel, scene, onPanel }: FieldProps) {
  return (
    <label className="labelled editor-told">
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

export function Smoothing({ panel, onPanel }: FieldProps) {
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

export function Scales({ panel, onPanel }: FieldProps) {
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

export function Ranges({ panel, onPanel }: FieldProps) {
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

export function Aggregated({ panel, onPanel }: FieldProps) {
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

export function Banded({ panel, onPanel }: FieldProps) {
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

export function Legend({ panel, onPanel }: FieldProps) {
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

export function Outliers({ panel, onPanel }: FieldProps) {
  return (
    <label className="labelled">
      Outliers
      <select
        className="field"
        value={panel.clip === undefined ? "" : panel.clip ? "ignore" : "show"}
        onChange={(event) => onPanel({ clip: event.target.value === "" ? undefined : event.target.value === "ignore" })}
      >
        <option value="">{AS_WORKSPACE}</option>
        <option value="show">Show all of the lines</option>
        <option value="ignore">Ignore: 5th to 95th percentile</option>
      </select>
    </label>
  );
}

/** What the lines are called. */
export function Names({ panel, scene, onPanel }: FieldProps) {
  const told = useId();
  const known = scene.columns.filter(({ space }) => space === "run").map(({ id }) => id);
  const unknown = panel.names === undefined ? [] : unknownIn(readTemplate(panel.names), known);
  return (
    <div className="editor-picks">
      <label className="labelled">
        Names of the lines
        <input
          className={unknown.length === 0 ? "field mono" : "field mono wrong"}
          placeholder="${run:displayName} at ${config:lr} [[ $x: $y ]]"
          spellCheck={false}
          aria-invalid={unknown.length > 0}
          aria-describedby={told}
          value={panel.names ?? ""}
          onChange={(event) => onPanel({ names: orNone(event.target.value) })}
        />
      </label>
      <p id={told} className={unknown.length === 0 ? "field-told faint" : "field-told wrong"} role="status">
        {unknown.length > 0
          ? `${unknown.join(", ")}: there are run:displayName, run:id, run:state, …, config:KEY, summary:KEY, metric and group`
          : "In [[ ]] stands what the crosshair tells: $x $y $original $mean $stddev $min $max"}
      </p>
    </div>
  );
}

export function Bins({ panel, onPanel }: FieldProps) {
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

export function Written({ panel, onPanel }: FieldProps) {
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
