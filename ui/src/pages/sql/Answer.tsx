/** The rows of an answer, those on the screen alone. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import type { Answered } from "../../api/answer";
import { Empty } from "../../components/States";
import { formatNumber } from "../../model/format";
import { widthsOf } from "./widths";

const ROW = 27;

export function Answer({ answer: { columns, rows, warnings } }: { answer: Answered }) {
  const scroller = useRef<HTMLDivElement>(null);
  const down = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  const widths = widthsOf(columns, rows);
  const template = widths.map((width) => `${width}px`).join(" ");
  const total = widths.reduce((sum, width) => sum + width, 0);
  return (
    <>
      {warnings.length > 0 && <div className="told warn sql-warnings">{warnings.join("; ")}</div>}
      {rows.length === 0 ? (
        <Empty title="No rows" />
      ) : (
        <div
          ref={scroller}
          className="answer"
          role="table"
          aria-label="Answer"
          aria-rowcount={rows.length + 1}
          tabIndex={0}
        >
          <div role="rowgroup" className="answer-head" style={{ width: total }}>
            <div role="row" aria-rowindex={1} className="answer-row" style={{ gridTemplateColumns: template }}>
              {columns.map(({ name, isNumber }, column) => (
                <div key={column} role="columnheader" className={isNumber ? "cut number" : "cut"} title={name}>
                  {name}
                </div>
              ))}
            </div>
          </div>
          <div role="rowgroup" style={{ height: down.getTotalSize(), width: total, position: "relative" }}>
            {down.getVirtualItems().map(({ index, start }) => (
              <div
                key={index}
                role="row"
                aria-rowindex={index + 2}
                className="answer-row placed"
                style={{ gridTemplateColumns: template, transform: `translateY(${start}px)` }}
              >
                {columns.map(({ isNumber }, column) => {
                  const value = rows.at(index, column);
                  return (
                    <div
                      key={column}
                      role="cell"
                      className={isNumber ? "cut number" : "cut"}
                      title={value === null ? "null" : String(value)}
                    >
                      {value === null ? (
                        <span className="faint">null</span>
                      ) : typeof value === "number" ? (
                        formatNumber(value)
                      ) : (
                        String(value)
                      )}
                    </div>
                  );
                })}
              </div>
            ))}
          </div>
        </div>
      )}
    </>
  );
}
