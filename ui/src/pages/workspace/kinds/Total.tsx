/** One number for all runs that are shown. */
import { counted, formatNumber } from "../../../model/format";
import type { Aggregate } from "../../../model/panel";
import { aggregated, numberIn } from "../../../model/plots";
import type { KindProps } from "../RunPanel";
import { short } from "./Points";

const TOLD: Record<Aggregate, string> = {
  mean: "mean of",
  min: "least of",
  max: "greatest of",
  median: "median of",
  sum: "sum of",
};

export function Total({ panel, runs }: KindProps) {
  const { keys: [column = ""] = [], aggregate = "mean" } = panel;
  const values = runs.map((run) => numberIn(run, column)).filter((value) => value !== null);
  const value = aggregated(values, aggregate);
  if (value === null) return <div className="panel-empty">No run has {short(column)}</div>;
  return (
    <div className="total">
      <b className="number" title={String(value)}>
        {formatNumber(value)}
      </b>
      <span className="faint">
        {TOLD[aggregate]} {counted(values.length, "run")}
      </span>
    </div>
  );
}
