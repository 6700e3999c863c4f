/** Lines of the workspace's runs. What the panel does not say is as the workspace says. */
import { useMemo, useState } from "react";
import type { Room } from "../../charts/Frame";
import type { LineStyle } from "../../charts/Lines";
import { Lines } from "../../charts/Lines";
import { spelled } from "../../model/columns";
import type { Panel } from "../../model/panel";
import { metricsOf } from "../../model/panel";
import { SMOOTHED } from "./fields";
import type { Scene } from "./scene";
import { useLook } from "./scene";

type Range = [number, number] | null;

export function LinePanel({ panel, title, room, scene }: { panel: Panel; title: string; room: Room; scene: Scene }) {
  const { address, project, runs } = scene;
  const keys = metricsOf(panel, scene.metrics);
  const look = useLook(scene, keys);
  const axis = address.x ?? "_step";
  const x = panel.x ?? axis;
  // A panel of another axis looks closer for itself.
  const isShared = x === axis;
  const [own, setOwn] = useState<Range>(null);
  const { from = null, to = null } = isShared ? address : { from: own?.[0] ?? null, to: own?.[1] ?? null };
  const isZoomed = from !== null || to !== null;
  const smooth = panel.smooth ?? address.smooth ?? "none";
  const amount = (panel.smooth === undefined ? address.amount : panel.amount) ?? SMOOTHED[smooth];
  const group = panel.group ?? address.group;
  const { logX = address.logX ?? false, logY = address.logY ?? false, yMin = null, yMax = null, legend } = panel;
  const zoom = isShared ? scene.onRange : setOwn;
  const style = useMemo(
    (): LineStyle => ({
      logX,
      logY,
      look,
      yRange: [yMin, yMax],
      hasLegend: legend === true,
      sync: `workspace ${x}`,
      onRange: zoom,
    }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- where one zooms to does not change how lines look
    [logX, logY, look, yMin, yMax, legend, x],
  );
  return (
    <Lines
      title={title}
      room={room}
      style={style}
      asked={{
        project,
        runs: runs.map(({ id }) => id),
        keys,
        at: scene.at,
        stream: "history",
        x,
        range: isZoomed ? [from, to] : [panel.xMin ?? null, panel.xMax ?? null],
        smoothing: smooth === "none" ? null : { kind: smooth, value: amount },
        group: group === undefined ? [] : [spelled(group)],
        aggregate: group === undefined ? undefined : panel.aggregate,
        band: group === undefined ? undefined : panel.band,
      }}
    />
  );
}
