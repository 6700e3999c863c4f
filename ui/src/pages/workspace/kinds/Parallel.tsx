/** Runs as lines over several axes. What is brushed on an axis becomes a part of the filter. */
import type { PointerEvent } from "react";
import { useEffect, useMemo, useRef, useState } from "react";
import { counted } from "../../../model/format";
import { narrowed } from "../../../model/filter";
import type { Axis } from "../../../model/parallel";
import { axisOf, brushed, crossing } from "../../../model/parallel";
import type { RunValues } from "../../../model/plots";
import type { KindProps } from "../RunPanel";
import { inkOf } from "./ink";
import { Keys, KEYS_HEIGHT } from "../../../charts/Keys";
import { short } from "./Points";

const TOP = 22;
const BOTTOM = 10;
const SIDE = 46;
const NEAR = 0.04;

export function Parallel({ panel, title, room, scene, runs }: KindProps) {
  const { keys = [], color } = panel;
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (place.current === null) return;
    const resized = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    resized.observe(place.current);
    return () => resized.disconnect();
  }, []);
  const keysText = JSON.stringify(keys);
  const axes = useMemo(() => (JSON.parse(keysText) as string[]).map((key) => axisOf(runs, key)), [runs, keysText]);
  const ink = useMemo(() => inkOf(runs, color, scene.theme), [runs, color, scene.theme]);
  const [near, setNear] = useState<string | null>(null);
  const height = room.height - (color === undefined ? 0 : KEYS_HEIGHT);
  const tall = Math.max(1, height - TOP - BOTTOM);
  const xOf = (index: number) => SIDE + (index / Math.max(1, axes.length - 1)) * Math.max(1, width - 2 * SIDE);
  const yOf = (at: number) => TOP + (1 - at) * tall;
  const brush = (axis: Axis, from: number, to: number) => {
    const conditions = brushed(axis, from, to);
    if (conditions.length > 0) scene.onFilter(conditions.reduce(narrowed, scene.address.filter ?? ""));
  };
  return (
    <>
      <div ref={place} className="parallel">
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`${title}: ${counted(runs.length, "run")} over ${counted(axes.length, "axis", "axes")}`}
        >
          {runs.map((run) => (
            <path
              key={run.id}
              d={pathOf(run, axes, xOf, yOf)}
              stroke={ink.of(run)}
              className={near === run.id ? "near" : ""}
              onPointerEnter={() => setNear(run.id)}
              onPointerLeave={() => setNear(null)}
            >
              <title>{run.name}</title>
            </path>
          ))}
          {axes.map((axis, index) => (
            <AxisLine
              key={axis.column}
              axis={axis}
              x={xOf(index)}
              yOf={yOf}
              tall={tall}
              onBrush={(from, to) => brush(axis, from, to)}
            />
          ))}
        </svg>
      </div>
      <Keys of={color} keys={ink.legend} />
    </>
  );
}

/** The way of a run over the axes; broken where it has no value. */
function pathOf(run: RunValues, axes: Axis[], xOf: (index: number) => number, yOf: (at: number) => number): string {
  let path = "";
  let isBroken = true;
  axes.forEach((axis, index) => {
    const at = crossing(run, axis);
    if (at !== null) path += `${isBroken ? "M" : "L"}${xOf(index).toFixed(1)} ${yOf(at).toFixed(1)}`;
    isBroken = at === null;
  });
  return path;
}

interface AxisLineProps {
  axis: Axis;
  x: number;
  yOf: (at: number) => number;
  tall: number;
  onBrush: (from: number, to: number) => void;
}

function AxisLine({ axis, x, yOf, tall, onBrush }: AxisLineProps) {
  const [part, setPart] = useState<[number, number] | null>(null);
  const down = (event: PointerEvent<SVGRectElement>) => {
    event.preventDefault();
    const area = event.currentTarget;
    const box = area.getBoundingClientRect();
    const atOf = (y: number) => Math.min(1, Math.max(0, 1 - (y - box.top) / box.height));
    const began = atOf(event.clientY);
    let ends: [number, number] = [began, began];
    const follow = (moved: globalThis.PointerEvent) => {
      const at = atOf(moved.clientY);
      ends = [Math.min(began, at), Math.max(began, at)];
      setPart(ends);
    };
    area.setPointerCapture(event.pointerId);
    area.addEventListener("pointermove", follow);
    const up = () => {
      area.removeEventListener("pointermove", follow);
      setPart(null);
      // A click is no brush; what nearly reaches an end reaches it.
      const [from, to] = [ends[0] < NEAR ? 0 : ends[0], ends[1] > 1 - NEAR ? 1 : ends[1]];
      if ((to - from) * tall > 3) onBrush(from, to);
    };
    area.addEventListener("lostpointercapture", up, { once: true });
  };
  return (
    <g transform={`translate(${x} 0)`}>
      <text className="axis-name" y={12} textAnchor="middle">
        {short(axis.column)}
        <title>{axis.column}</title>
      </text>
      <line y1={yOf(0)} y2={yOf(1)} />
      {axis.ticks.map(({ label, at }) => (
        <text key={label} className="axis-tick" x={-5} y={yOf(at)} dy="0.32em" textAnchor="end">
          {label.length > 10 ? `${label.slice(0, 9)}…` : label}
        </text>
      ))}
      <rect
        className="axis-brush"
        data-axis={axis.column}
        x={-9}
        width={18}
        y={yOf(1)}
        height={tall}
        onPointerDown={down}
      />
      {part !== null && (
        <rect className="axis-part" x={-6} width={12} y={yOf(part[1])} height={(part[1] - part[0]) * tall} />
      )}
    </g>
  );
}
