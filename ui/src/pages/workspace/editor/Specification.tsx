/** How a custom chart is drawn, where what runs logged does not say it. */
import { lazy, Suspense } from "react";
import { readSpec } from "../../../model/vegaSpec";
import type { FieldProps } from "./field";
import { orNone } from "./field";

const SpecEditor = lazy(() => import("./SpecEditor"));

/** To begin with: it is drawn as it stands where the chart names its columns x and y. */
const EXAMPLE = `{
  "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
  "data": {"name": "wandb"},
  "mark": {"type": "point", "tooltip": true},
  "encoding": {
    "x": {"field": "\${field:x}", "type": "quantitative"},
    "y": {"field": "\${field:y}", "type": "quantitative"},
    "color": {"field": "name", "type": "nominal"}
  }
}
`;

export function Specification({ panel, onPanel }: FieldProps) {
  const { spec = "" } = panel;
  const read = spec.trim() === "" ? null : readSpec(spec, { fields: {}, strings: {} });
  return (
    <fieldset className="editor-picks">
      <legend>Specification</legend>
      <p className="faint">
        In Vega-Lite or Vega, as JSON. The rows are the data set <code>wandb</code>, with the run as <code>name</code>;{" "}
        <code>{"${field:x}"}</code> is a column that the chart names, <code>{"${string:title}"}</code> a text of it.
        Without one, charts of <code>wandb.plot</code> are drawn as they are known.
      </p>
      <Suspense fallback={<div className="skeleton spec-host" />}>
        <SpecEditor value={spec} onChange={(value) => onPanel({ spec: orNone(value) })} />
      </Suspense>
      <div className="editor-row">
        {spec.trim() === "" && (
          <button type="button" className="button small" onClick={() => onPanel({ spec: EXAMPLE })}>
            Begin with an example
          </button>
        )}
        {read !== null && "error" in read && (
          <p className="told bad" role="alert">
            {read.error}
          </p>
        )}
      </div>
    </fieldset>
  );
}
