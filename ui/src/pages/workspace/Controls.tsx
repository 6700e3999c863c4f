/** How all panels are drawn, and changes of which there are. */
import type { WorkspaceAddress } from "../address";
import { AxisField, SmoothingFields } from "./fields";
import type { BoardState } from "./useBoard";

interface ControlsProps {
  metrics: string[];
  address: WorkspaceAddress;
  state: BoardState;
  onChange: (change: Partial<WorkspaceAddress>, isStep?: boolean) => void;
  onAdd: () => void;
}

const CLIP = "Outliers leave the view: y goes from the 5th to the 95th percentile";

export function Controls({ metrics, address, state, onChange, onAdd }: ControlsProps) {
  const toggle = (label: string, isOn: boolean, change: Partial<WorkspaceAddress>, title?: string) => (
    <button
      type="button"
      className={isOn ? "button on" : "button"}
      aria-pressed={isOn}
      title={title}
      onClick={() => onChange(change)}
    >
      {label}
    </button>
  );
  return (
    <div className="toolbar panel-bar" role="toolbar" aria-label="Panels">
      <input
        className="field panel-search"
        type="search"
        placeholder="Find panels"
        aria-label="Search panels"
        value={address.panels ?? ""}
        onChange={(event) => onChange({ panels: event.target.value === "" ? undefined : event.target.value }, false)}
      />
      <AxisField
        value={address.x ?? "_step"}
        metrics={metrics}
        none={null}
        onAxis={(x) => onChange({ x: x === "_step" ? undefined : x, from: undefined, to: undefined })}
      />
      <SmoothingFields
        kind={address.smooth}
        amount={address.amount}
        none={null}
        onKind={(kind) => onChange({ smooth: kind === "none" ? undefined : kind, amount: undefined })}
        onAmount={(amount) => onChange({ amount }, false)}
      />
      {toggle("log x", address.logX === true, { logX: address.logX ? undefined : true })}
      {toggle("log y", address.logY === true, { logY: address.logY ? undefined : true })}
      {toggle("clip y", address.clip === true, { clip: address.clip ? undefined : true }, CLIP)}
      <button
        type="button"
        className="button"
        disabled={address.from === undefined && address.to === undefined}
        onClick={() => onChange({ from: undefined, to: undefined })}
      >
        All of x
      </button>
      <span className="bar-space" />
      <button
        type="button"
        className="button quiet icon"
        aria-label="Undo"
        title="Undo (Ctrl+Z)"
        disabled={state.undo === null}
        onClick={() => state.undo?.()}
      >
        ↶
      </button>
      <button
        type="button"
        className="button quiet icon"
        aria-label="Redo"
        title="Redo (Ctrl+Shift+Z)"
        disabled={state.redo === null}
        onClick={() => state.redo?.()}
      >
        ↷
      </button>
      {address.board !== undefined && (
        <button type="button" className="button quiet" aria-label="Reset panels" onClick={state.reset}>
          Reset
        </button>
      )}
      <button type="button" className="button" onClick={onAdd}>
        Add panel
      </button>
    </div>
  );
}
