/** What stands beside the crosshair: the lines there, the nearest one marked. */
import type uPlot from "uplot";
import { formatNumber, formatSpan } from "../model/format";
import type { PointValue } from "../model/lineNames";
import type { PlotLine, ShownLine } from "./plotColumns";

export type XKind = "number" | "span" | "time";

const TOLD = 12;

export class Tip {
  private readonly box = document.createElement("div");

  constructor(
    place: HTMLElement,
    private readonly shown: ShownLine[],
    private readonly xKind: XKind,
    private readonly isPercent: boolean,
  ) {
    this.box.className = "tip";
    this.box.hidden = true;
    place.append(this.box);
  }

  remove(): void {
    this.box.remove();
  }

  show(plot: uPlot): void {
    const { left = -1, top = -1, idx } = plot.cursor;
    const x = typeof idx === "number" ? plot.data[0][idx] : undefined;
    // Others' crosshairs move here too; only the one under the mouse tells.
    if (left < 0 || x === undefined || !plot.over.matches(":hover")) {
      this.box.hidden = true;
      return;
    }
    const found = this.shown.flatMap(({ line, column, below, pointAt }) => {
      const at = plot.cursor.idxs?.[column];
      const value = typeof at === "number" ? plot.data[column]?.[at] : undefined;
      if (typeof at !== "number" || typeof value !== "number") return [];
      const point = pointAt(at);
      // An area ends where it stands above others; what it is itself is told.
      const own = value - (below === null ? 0 : (plot.data[below]?.[at] ?? 0));
      return [{ line, value, own, point, away: Math.abs(plot.valToPos(value, "y") - top) }];
    });
    found.sort((a, b) => a.away - b.away);
    const kept = found.slice(0, TOLD).sort((a, b) => b.value - a.value);
    const head = row("tip-head", this.formatX(x), found.length > TOLD ? `${found.length} lines` : "");
    const rows = kept.map(({ line, own, point }) => {
      const told = line.tell?.((name) => this.valueAt(line, point, name));
      const [left, right] = told === undefined ? [line.label, this.formatY(own)] : [told, ""];
      const one = row(line === found[0]?.line ? "tip-row near" : "tip-row", left, right);
      const mark = document.createElement("i");
      mark.style.background = line.color;
      one.prepend(mark);
      return one;
    });
    this.box.replaceChildren(head, ...rows);
    this.box.hidden = found.length === 0;
    const { offsetLeft, clientWidth } = plot.over;
    const isRight = left > clientWidth / 2;
    this.box.style.left = isRight ? "" : `${offsetLeft + left + 14}px`;
    this.box.style.right = isRight ? `${clientWidth - left + 14}px` : "";
    this.box.style.top = "4px";
  }

  private valueAt({ x, y, raw, known }: PlotLine, point: number, name: PointValue): string {
    if (name === "x") return this.formatX(x[point] ?? NaN);
    const of = { y, original: raw ?? y, mean: known.mean, stddev: known.deviation, min: known.low, max: known.high };
    const value = of[name][point];
    return typeof value === "number" ? formatNumber(value) : "none";
  }

  private formatY(y: number): string {
    return this.isPercent ? `${formatNumber(Number(y.toPrecision(3)))}%` : formatNumber(y);
  }

  private formatX(x: number): string {
    if (this.xKind === "span") return formatSpan(x);
    return this.xKind === "time" ? new Date(x * 1000).toLocaleString("en-GB") : formatNumber(x);
  }
}

function row(name: string, left: string, right: string): HTMLDivElement {
  const element = document.createElement("div");
  element.className = name;
  for (const text of [left, right]) {
    const part = document.createElement("span");
    part.textContent = text;
    element.append(part);
  }
  return element;
}
