/** How all panels are drawn: axis, smoothing, scales, groups. */
import type { Column } from "../../model/columns";
import type { SmoothingKind, WorkspaceAddress } from "../address";
import { SMOOTHINGS } from "../address";
import { GroupChooser } from "../table/pickers";

const AXES: [string, string][] = [
  ["_step", "Step"],
  ["_absolute_runtime", "Time since the start"],
  ["_runtime", "Time at work"],
  ["_timestamp", "Clock"],
];

const NAMES: Record<SmoothingKind, string> = {
  none: "As logged",
  twema: "Time-weighted average",
  ema: "Exponential average",
  gaussian: "Gaussian",
  running: "Running mean",
};

/** How much is smoothed until somebody says. */
export const SMOOTHED: Record<SmoothingKind, number> = { none: 0, twema: 0.9, ema: 0.9, gaussian: 5, running: 20 };

/** From where to where a smoothing goes. */
const AMOUNTS: Record<SmoothingKind, [number, number, number]> = {
  none: [0, 1, 1],
  twema: [0, 0.999, 0.001],
  ema: [0, 0.999, 0.001],
  gaussian: [1, 50, 1],
  running: [2, 200, 1],
};

interface ControlsProps {
  columns: Column[];
  address: WorkspaceAddress;
  onChange: (change: Partial<WorkspaceAddress>, isStep?: boolean) => void;
}

export function Controls({ columns, address, onChange }: ControlsProps) {
  const kind = address.smooth ?? "none";
  const [min, max, step] = AMOUNTS[kind];
  const x = address.x ?? "_step";
  return (
    <>
      <input
        className="field panel-search"
        type="search"
        placeholder="Find panels"
        aria-label="Search panels"
        value={address.panels ?? ""}
        onChange={(event) => onChange({ panels: event.target.value === "" ? undefined : event.target.value }, false)}
      />
      <select
        className="field"
        aria-label="X axis"
        value={x}
        onChange={(event) =>
          onChange({
            x: event.target.value === "_step" ? undefined : event.target.value,
            from: undefined,
            to: undefined,
          })
        }
      >
        {AXES.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
        {!AXES.some(([value]) => value === x) && <option value={x}>{x}</option>}
      </select>
      <select
        className="field"
        aria-label="Smoothing"
        value={kind}
        onChange={(event) => {
          const chosen = SMOOTHINGS.find((known) => known === event.target.value) ?? "none";
          onChange({ smooth: chosen === "none" ? undefined : chosen, amount: undefined });
        }}
      >
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
        min={min}
        max={max}
        step={step}
        disabled={kind === "none"}
        value={address.amount ?? SMOOTHED[kind]}
        onChange={(event) => onChange({ amount: Number(event.target.value) }, false)}
      />
      <button
        type="button"
        className={address.logX ? "button on" : "button"}
        aria-pressed={address.logX === true}
        onClick={() => onChange({ logX: address.logX ? undefined : true })}
      >
        log x
      </button>
      <button
        type="button"
        className={address.logY ? "button on" : "button"}
        aria-pressed={address.logY === true}
        onClick={() => onChange({ logY: address.logY ? undefined : true })}
      >
        log y
      </button>
      <GroupChooser
        columns={columns}
        group={address.group === undefined ? [] : [address.group]}
        onGroup={(group) => onChange({ group: group.at(-1) })}
      />
      <button
        type="button"
        className="button"
        disabled={address.from === undefined && address.to === undefined}
        onClick={() => onChange({ from: undefined, to: undefined })}
      >
        All of x
      </button>
    </>
  );
}
