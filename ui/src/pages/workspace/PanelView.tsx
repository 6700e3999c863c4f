/** A panel of the workspace: what it shows, a grip to move it, a menu, and a corner to resize it. */
import type { DragEvent, KeyboardEvent } from "react";
import { lazy, Suspense, useState } from "react";
import { Frame } from "../../charts/Frame";
import { Menu } from "../../components/Menu";
import type { Board, PlacedPanel } from "../../model/board";
import { change, move, nudge, remove, resize } from "../../model/board";
import { HEIGHT, titleOf } from "../../model/panel";
import type { Section } from "../../model/sections";
import { Corner } from "./Corner";
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
              <RunPanel
                panel={panel}
                title={title}
                room={room}
                scene={scene}
                onPanel={(changed) => onBoard(change(board, automatic, id, { ...panel, ...changed }))}
              />
            </Suspense>
          ) : null
        }
      </Frame>
    </div>
  );
}
