/** The corner of a panel that is dragged to resize it; arrows do the same. */
import type { KeyboardEvent, PointerEvent } from "react";
import { HEIGHT_MAX, HEIGHT_MIN, WIDTH_MAX } from "../../model/panel";

type Size = [columns: number, height: number];
const STEP = 20;

interface CornerProps {
  title: string;
  size: Size;
  /** The size while it is dragged. */
  onSize: (size: Size) => void;
  onDone: (size: Size) => void;
}

export function Corner({ title, size: [columns, height], onSize, onDone }: CornerProps) {
  const down = (event: PointerEvent<HTMLSpanElement>) => {
    event.preventDefault();
    const corner = event.currentTarget;
    const slot = corner.closest(".slot")?.getBoundingClientRect();
    if (slot === undefined) return;
    const column = slot.width / columns;
    let size: Size = [columns, height];
    const follow = (moved: globalThis.PointerEvent) => {
      const wide = Math.round((moved.clientX - slot.left) / column);
      const high = height + Math.round((moved.clientY - event.clientY) / STEP) * STEP;
      size = [Math.min(WIDTH_MAX, Math.max(1, wide)), Math.min(HEIGHT_MAX, Math.max(HEIGHT_MIN, high))];
      onSize(size);
    };
    corner.setPointerCapture(event.pointerId);
    corner.addEventListener("pointermove", follow);
    const up = () => {
      corner.removeEventListener("pointermove", follow);
      onDone(size);
    };
    corner.addEventListener("lostpointercapture", up, { once: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, STEP], ArrowUp: [0, -STEP] }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    onDone([columns + (by[0] ?? 0), height + (by[1] ?? 0)]);
  };
  return (
    <span
      className="corner"
      role="button"
      tabIndex={0}
      aria-label={`Size of ${title}`}
      title="Drag it, or use the arrow keys"
      onPointerDown={down}
      onKeyDown={onKeyDown}
    />
  );
}
