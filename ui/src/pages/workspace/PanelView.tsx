/** A panel of the workspace: what it shows, a grip to move it, a menu, and a corner to resize it. */
import type { DragEvent, KeyboardEvent, PointerEvent } from "react";
import { lazy, Suspense, useState } from "react";
import { Frame } from "../../charts/Frame";
import { Menu } from "../../components/Menu";
import type { Board, PlacedPanel } from "../../model/board";
import { move, nudge, remove, resize } from "../../model/board";
import { HEIGHT, titleOf } from "../../model/panel";
import type { Section } from "../../model/sections";
import { LinePanel } from "./LinePanel";
import type { Scene } from "./scene";

/** All that is not lines comes when the first of them is on the screen. */
const RunPanel = lazy(() => import("./RunPanel"));

export const DRAGGED = "application/x-wbq-panel";

const KEYS: Record<string, Parameters<typeof nudge>[3]> = {
  ArrowLeft: "back",
  ArrowRight: "on",
  ArrowUp: "up",
  ArrowDown: "down",
};

interface PanelViewProps {
  placed: PlacedPanel;
  section: string;
  sections: string[];
  board: Board;
  automatic: Section[];
  scene: Scene;
  onBoard: (board: Board) => void;
  onEdit: () => void;
  /** It was moved by keys, which go on moving it. */
  onNudged: () => void;
}

export function PanelView(props: PanelViewProps) {
  const { placed, section, sections, board, automatic, scene, onBoard, onEdit, onNudged } = props;
  const { id, panel } = placed;
  const title = titleOf(panel);
  const [isOver, setOver] = useState(false);
  const [size, setSize] = useState<[number, number] | null>(null);
  const [width, height] = size ?? [panel.w ?? 1, panel.h ?? HEIGHT];
  const onKeyDown = (event: KeyboardEvent) => {
    const by = KEYS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    onNudged();
    onBoard(nudge(board, automatic, id, by));
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const dragged = event.dataTransfer.getData(DRAGGED);
    if (dragged !== "") onBoard(move(board, automatic, dragged, section, id));
  };
  return (
    <div
      className={`slot over-${width}${isOver ? " dropped-here" : ""}`}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(DRAGGED)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Frame
        title={title}
        height={height}
        grip={
          <span
            className="grip"
            role="button"
            tabIndex={0}
            data-grip={id}
            draggable
            aria-label={`Move ${title}`}
            title="Drag it, or use the arrow keys"
            onKeyDown={onKeyDown}
            onDragStart={(event) => {
              event.dataTransfer.setData(DRAGGED, id);
              const panel = event.currentTarget.closest(".panel");
              if (panel !== null) event.dataTransfer.setDragImage(panel, 12, 12);
            }}
          >
            ⠿
          </span>
        }
        actions={
          <Menu
            label={`More of ${title}`}
            className="button quiet icon small"
            trigger="⋯"
            items={[
              { label: "Edit", onSelect: onEdit },
              "line",
              ...sections
                .filter((name) => name !== section)
                .slice(0, 12)
                .map((name) => ({
                  label: `Move to ${name}`,
                  onSelect: () => onBoard(move(board, automatic, id, name, null)),
                })),
              "line",
              { label: "Remove", isDangerous: true, onSelect: () => onBoard(remove(board, automatic, id)) },
            ]}
          />
        }
        corner={
          <Corner
            title={title}
            size={[width, height]}
            onSize={setSize}
            onDone={([w, h]) => {
              setSize(null);
              onBoard(resize(board, automatic, placed, w, h));
            }}
          />
        }
      >
        {(room) =>
          panel.kind === "line" ? (
            <LinePanel panel={panel} title={title} room={room} scene={scene} />
          ) : room.wasSeen ? (
            <Suspense fallback={<div className="skeleton" style={{ height: room.height }} />}>
              <RunPanel panel={panel} title={title} room={room} scene={scene} />
            </Suspense>
          ) : null
        }
      </Frame>
    </div>
  );
}

type Size = [columns: number, height: number];
const STEP = 20;

interface CornerProps {
  title: string;
  size: Size;
  /** The size while it is dragged. */
  onSize: (size: Size) => void;
  onDone: (size: Size) => void;
}

/** The corner that is dragged to resize; arrows do the same. */
function Corner({ title, size: [columns, height], onSize, onDone }: CornerProps) {
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
      size = [Math.min(3, Math.max(1, wide)), Math.min(800, Math.max(120, high))];
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
