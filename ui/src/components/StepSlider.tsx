/** A slider over the steps at which something was logged. */
import { formatNumber } from "../model/format";
import { placeIn } from "../model/loggedValues";
import "./gallery.css";

interface StepSliderProps {
  steps: number[];
  /** The step that is chosen; the newest where none is. */
  step: number | undefined;
  /** None where the newest is chosen, which then follows the training. */
  onStep: (step: number | undefined) => void;
}

export function StepSlider({ steps, step, onStep }: StepSliderProps) {
  const last = Math.max(0, steps.length - 1);
  const at = placeIn(steps, step);
  const shown = step ?? steps[at] ?? 0;
  return (
    <div className="step-slider">
      <label>
        Step{" "}
        <input
          type="range"
          min={0}
          max={last}
          value={at}
          disabled={steps.length < 2}
          aria-valuetext={`step ${shown}`}
          onChange={({ target }) => onStep(Number(target.value) === last ? undefined : steps[Number(target.value)])}
        />
      </label>
      <span className="number" role="status">
        {formatNumber(shown)}
      </span>
    </div>
  );
}
