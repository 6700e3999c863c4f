/** What the bar over all panels and the editor of one of them have alike: axis and smoothing. */
import type { SmoothingKind } from "../../model/panel";
import { SMOOTHINGS } from "../../model/panel";

const AXES: [string, string][] = [
  ["_step", "Step"],
  ["_absolute_runtime", "Time since the start"],
  ["_runtime", "Time at work"],
  ["_timestamp", "Clock"],
];

/** Metrics that a list of axes offers; any other is named in the address. */
const METRICS_MAX = 300;

interface AxisFieldProps {
  value: string;
  metrics: string[];
  /** What is chosen where the panel says nothing; null where something must be. */
  none: string | null;
  onAxis: (x: string) => void;
}

export function AxisField({ value, metrics, none, onAxis }: AxisFieldProps) {
  const listed = metrics.slice(0, METRICS_MAX);
  const isOther = value !== "" && !AXES.some(([axis]) => axis === value) && !listed.includes(value);
  return (
    <select className="field" aria-label="X axis" value={value} onChange={(event) => onAxis(event.target.value)}>
      {none !== null && <option value="">{none}</option>}
      {AXES.map(([axis, label]) => (
        <option key={axis} value={axis}>
          {label}
        </option>
      ))}
      {isOther && <option>{value}</option>}
      {listed.length > 0 && (
        <optgroup label="Metrics">
          {listed.map((metric) => (
            <option key={metric}>{metric}</option>
          ))}
        </optgroup>
      )}
    </select>
  );
}

const NAMES: Record<SmoothingKind, string> = {
  none: "As logged",
  twema: "Time-weighted average",
  ema: "Exponential average",
  gaussian: "Gaussian",
  running: "Running mean",
};

/** How much is smoothed until somebody says. */
export const SMOOTHED: Record<SmoothingKind, number> = { none: 0, twema: 0.9, ema: 0.9, gaussian: 5, running: 20 };

/** From where to where a smoothing goes, and in which steps. */
const AMOUNTS: Record<SmoothingKind, [number, number, number]> = {
  none: [0, 1, 1],
  twema: [0, 0.999, 0.001],
  ema: [0, 0.999, 0.001],
  gaussian: [1, 50, 1],
  running: [2, 200, 1],
};

interface SmoothingFieldsProps {
  kind: SmoothingKind | undefined;
  amount: number | undefined;
  /** What is chosen where the panel says nothing; null where that is "as logged". */
  none: string | null;
  onKind: (kind: SmoothingKind | undefined) => void;
  onAmount: (amount: number) => void;
}

export function SmoothingFields({ kind, amount, none, onKind, onAmount }: SmoothingFieldsProps) {
  const shown = kind ?? "none";
  const [min, max, step] = AMOUNTS[shown];
  return (
    <>
      <select
        className="field"
        aria-label="Smoothing"
        value={kind ?? (none === null ? "none" : "")}
        onChange={(event) => onKind(SMOOTHINGS.find((known) => known === event.target.value))}
      >
        {none !== null && <option value="">{none}</option>}
        {SMOOTHINGS.map((known) => (
          <option key={known} value={known}>
            {NAMES[known]}
          </option>
        ))}
      </select>
      <input
        type="range"
        className="amount"
        aria-label="How much is smoothed"
        title={shown === "none" ? undefined : String(amount ?? SMOOTHED[shown])}
        min={min}
        max={max}
        step={step}
        disabled={shown === "none"}
        value={amount ?? SMOOTHED[shown]}
        onChange={(event) => onAmount(Number(event.target.value))}
      />
    </>
  );
}
