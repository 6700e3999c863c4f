/** Which parameters go together with a target: Pearson's correlation, over the runs that have both. */
import { useMemo } from "react";
import { formatNumber } from "../../../model/format";
import { importances } from "../../../model/plots";
import type { KindProps } from "../RunPanel";
import { parameters } from "../RunPanel";
import { short } from "./Points";

export function Importance({ panel, title, scene, runs }: KindProps) {
  const columnsText = JSON.stringify(parameters(scene));
  const found = useMemo(
    () => importances(runs, panel.y ?? "", JSON.parse(columnsText) as string[]),
    [runs, panel.y, columnsText],
  );
  if (found.length === 0)
    return <div className="panel-empty">No parameter changes among runs that have {short(panel.y ?? "")}</div>;
  return (
    <div className="importance" tabIndex={0} role="region" aria-label={title}>
      <table>
        <thead>
          <tr>
            <th>Parameter</th>
            <th colSpan={2}>Correlation with {short(panel.y ?? "")}</th>
            <th>Runs</th>
          </tr>
        </thead>
        <tbody>
          {found.map(({ column, correlation, count }) => (
            <tr key={column}>
              <td className="cut" title={column}>
                {short(column)}
              </td>
              <td className="importance-bar">
                <svg viewBox="-50 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                  <line x1="0" x2="0" y1="0" y2="10" />
                  <rect
                    className={correlation < 0 ? "falls" : "rises"}
                    x={Math.min(0, correlation * 50)}
                    width={Math.abs(correlation) * 50}
                    y="1.5"
                    height="7"
                  />
                </svg>
              </td>
              <td className="number">{formatNumber(Number(correlation.toFixed(3)))}</td>
              <td className="number faint">{count}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
