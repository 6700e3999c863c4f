/** How lines are drawn: as lines or areas, and colour, width, stroke and marks of some of them. */
import { useState } from "react";
import { colorAt } from "../../../charts/colors";
import type { Dash, LineLook, Mark, Shape } from "../../../model/lineLooks";
import { DASHES, MARKS, SHAPES, WIDTH_MAX, WIDTH_MIN, withLook } from "../../../model/lineLooks";
import type { Panel } from "../../../model/panel";
import { expressionsOf, metricsOf } from "../../../model/panel";
import { useValues } from "../../table/FilterBar";
import type { Scene } from "../scene";
import type { FieldProps } from "./field";

const SHAPE_NAMES: Record<Shape, string> = {
  line: "Lines",
  area: "Areas on top of each other",
  percent: "Areas as shares of 100 %",
};

export function Drawn({ panel, onPanel }: FieldProps) {
  return (
    <label className="labelled">
      Drawn as
      <select
        className="field"
        value={panel.shape ?? "line"}
        onChange={(event) =>
          onPanel({ shape: SHAPES.find((known) => known === event.target.value && known !== "line") })
        }
      >
        {SHAPES.map((known) => (
          <option key={known} value={known}>
            {SHAPE_NAMES[known]}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Lines that can have a look of their own: [whose they are, what that is called], in parts of a list. */
function useTargets(panel: Panel, scene: Scene): [string, [string, string][]][] {
  const metrics = metricsOf(panel, scene.metrics);
  const group = panel.group ?? scene.address.group;
  const values = useValues(scene.project, group ?? null);
  const groups = values.flatMap((value) =>
    typeof value === "string" ? [value] : typeof value === "number" || typeof value === "boolean" ? [`${value}`] : [],
  );
  const drawn = [...metrics, ...expressionsOf(panel, metrics)];
  return [
    ["", [["*", "All lines"]]],
    ["Metrics", drawn.map((key) => [`metric:${key}`, key])],
    group === undefined
      ? ["Runs", scene.runs.map(({ id, name }) => [`run:${id}`, name])]
      : ["Groups", groups.map((name) => [`group:${name}`, name])],
  ];
}

export function LineLooks({ panel, scene, onPanel }: FieldProps) {
  const targets = useTargets(panel, scene);
  // Chosen, but nothing said of it yet.
  const [begun, setBegun] = useState<string[]>([]);
  const known = new Map(targets.flatMap(([, list]) => list));
  const whose = [...new Set([...Object.keys(panel.looks ?? {}), ...begun])];
  const change = (of: string, look: LineLook) => onPanel({ looks: withLook(panel.looks, of, look) });
  return (
    <fieldset className="editor-picks">
      <legend>Looks of single lines</legend>
      {whose.map((of) => (
        <OneLook
          key={of}
          called={known.get(of) ?? of.replace(/^\w+:/, "")}
          look={panel.looks?.[of] ?? {}}
          plain={colorAt(scene.runs.find(({ id }) => of === `run:${id}`)?.place ?? 0, scene.theme)}
          onLook={(look) => change(of, look)}
          onRemove={() => {
            setBegun(begun.filter((other) => other !== of));
            change(of, {});
          }}
        />
      ))}
      <select
        className="field"
        aria-label="Another line"
        value=""
        onChange={(event) => event.target.value !== "" && setBegun([...begun, event.target.value])}
      >
        <option value="">Choose a line …</option>
        {targets.map(([part, list]) => {
          const options = list
            .filter(([of]) => !whose.includes(of))
            .map(([of, called]) => (
              <option key={of} value={of}>
                {called}
              </option>
            ));
          if (options.length === 0) return null;
          return part === "" ? (
            options
          ) : (
            <optgroup key={part} label={part}>
              {options}
            </optgroup>
          );
        })}
      </select>
    </fieldset>
  );
}

const DASH_NAMES: Record<Dash, string> = {
  solid: "Solid",
  dashed: "Dashed",
  dotted: "Dotted",
  dash_dot: "Dash and dot",
};
const MARK_NAMES: Record<Mark, string> = {
  none: "No marks",
  circle: "Circles",
  square: "Squares",
  diamond: "Diamonds",
};

interface OneLookProps {
  called: string;
  look: LineLook;
  /** The colour that it has by itself. */
  plain: string;
  onLook: (look: LineLook) => void;
  onRemove: () => void;
}

function OneLook({ called, look, plain, onLook, onRemove }: OneLookProps) {
  const { color, width, dash, mark } = look;
  return (
    <div className="editor-look" role="group" aria-label={called}>
      <span className="cut" title={called}>
        {called}
      </span>
      <input
        type="color"
        className={color === undefined ? "unset" : ""}
        aria-label={`Colour of ${called}`}
        value={color ?? plain}
        onChange={(event) => onLook({ ...look, color: event.target.value })}
      />
      <input
        className="field"
        type="number"
        min={WIDTH_MIN}
        max={WIDTH_MAX}
        step={0.1}
        aria-label={`Width of ${called}`}
        placeholder="width"
        value={width ?? ""}
        onChange={(event) =>
          onLook({ ...look, width: event.target.value === "" ? undefined : Number(event.target.value) })
        }
      />
      <select
        className="field"
        aria-label={`Stroke of ${called}`}
        value={dash ?? ""}
        onChange={(event) => onLook({ ...look, dash: DASHES.find((known) => known === event.target.value) })}
      >
        <option value="">Stroke</option>
        {DASHES.map((known) => (
          <option key={known} value={known}>
            {DASH_NAMES[known]}
          </option>
        ))}
      </select>
      <select
        className="field"
        aria-label={`Marks of ${called}`}
        value={mark ?? ""}
        onChange={(event) => onLook({ ...look, mark: MARKS.find((known) => known === event.target.value) })}
      >
        <option value="">Marks</option>
        {MARKS.map((known) => (
          <option key={known} value={known}>
            {MARK_NAMES[known]}
          </option>
        ))}
      </select>
      <button type="button" className="button quiet icon small" aria-label={`As before: ${called}`} onClick={onRemove}>
        ×
      </button>
    </div>
  );
}
