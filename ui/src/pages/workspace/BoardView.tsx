/** The panels of a workspace in their sections, and the editor of one of them. */
import { useEffect, useMemo, useRef } from "react";
import { Sections } from "../../charts/Sections";
import { Empty } from "../../components/States";
import type { PlacedPanel } from "../../model/board";
import { add, change, found, move, placed } from "../../model/board";
import type { Panel } from "../../model/panel";
import { panelId } from "../../model/panel";
import type { Section } from "../../model/sections";
import { sectionsOf } from "../../model/sections";
import { Editor } from "./Editor";
import { DRAGGED, PanelView } from "./PanelView";
import type { Scene } from "./scene";
import type { BoardState } from "./useBoard";

/** Where a panel stands that was added. */
const ADDED = "Added";

interface BoardViewProps {
  scene: Scene;
  state: BoardState;
  /** The panel that is edited; "new" for one that is made. */
  edited: string | null;
  onEdited: (id: string | null) => void;
}

export function BoardView({ scene, state, edited, onEdited }: BoardViewProps) {
  const { board, set } = state;
  const { metrics, charts, media, tables, address } = scene;
  const loggedText = JSON.stringify([charts, media, tables]);
  const metricsText = JSON.stringify(metrics);
  const automatic = useMemo((): Section[] => {
    const [charts = [], media = [], tables = []] = JSON.parse(loggedText) as string[][];
    const logged: Section[] = [
      { name: "Custom charts", keys: charts.map((key) => panelId("custom", key)) },
      { name: "Media", keys: media.map((key) => panelId("media", key)) },
      { name: "Tables", keys: tables.map((key) => panelId("table", key)) },
    ];
    return [...logged.filter(({ keys }) => keys.length > 0), ...sectionsOf(JSON.parse(metricsText) as string[])];
  }, [metricsText, loggedText]);
  const all = useMemo(() => placed(board, automatic), [board, automatic]);
  const sections = found(all, address.panels ?? "");
  const names = all.map(({ name }) => name);
  const nudged = useRef<string | null>(null);
  // A panel that moves is another element: the keys stay with it.
  useEffect(() => {
    if (nudged.current === null) return;
    document.querySelector<HTMLElement>(`[data-grip="${CSS.escape(nudged.current)}"]`)?.focus();
    nudged.current = null;
  }, [board]);
  const save = (panel: Panel, section: string, old: PlacedPanel | null, from: string) => {
    const next = old === null ? add(board, automatic, panel, section)[0] : change(board, automatic, old.id, panel);
    const isMoved = old !== null && section !== from;
    const fits = set(isMoved ? move(next, automatic, old.id, section, null) : next);
    if (fits) onEdited(null);
    return fits;
  };
  const home = all.find(({ panels }) => panels.some(({ id }) => id === edited));
  const old = home?.panels.find(({ id }) => id === edited) ?? null;
  return (
    <>
      {all.length === 0 ? (
        <Empty title={metrics.length === 0 ? "No metric was logged yet" : "All panels were removed"}>
          <p>
            {metrics.length === 0
              ? "A panel appears for each metric as soon as a training logs it with run.log."
              : "Undo brings the last one back; Reset panels brings all back."}
          </p>
        </Empty>
      ) : sections.length === 0 ? (
        <Empty title={`No panel has “${address.panels ?? ""}” in its name`} />
      ) : (
        <Sections
          sections={sections.map(({ name, panels }) => ({ name, items: panels }))}
          onDrop={(event, section) => {
            event.preventDefault();
            const id = event.dataTransfer.getData(DRAGGED);
            if (id !== "") set(move(board, automatic, id, section, null));
          }}
          panel={(item, section) => (
            <PanelView
              key={item.id}
              placed={item}
              section={section}
              sections={names}
              board={board}
              automatic={automatic}
              scene={scene}
              onBoard={set}
              onEdit={() => onEdited(item.id)}
              onNudged={() => (nudged.current = item.id)}
            />
          )}
        />
      )}
      {edited !== null && (edited === "new" || old !== null) && (
        <Editor
          key={edited}
          panel={old?.panel ?? null}
          section={home?.name ?? ADDED}
          sections={names}
          scene={scene}
          onSave={(panel, section) => save(panel, section, old, home?.name ?? ADDED)}
          onClose={() => onEdited(null)}
        />
      )}
    </>
  );
}
