/** Lines of the workspace's runs. What the panel does not say is as the workspace says. */
import { useMemo, useState } from "react";
import type { Room } from "../../charts/Frame";
import type { LineStyle } from "../../charts/Lines";
import { Lines } from "../../charts/Lines";
import { styled } from "../../charts/looks";
import { spelled } from "../../model/columns";
import { readTemplate, tells } from "../../model/lineNames";
import type { Panel } from "../../model/panel";
import { expressionsOf, metricsOf } from "../../model/panel";
import { SMOOTHED } from "./fields";
import { useNaming } from "./naming";
import type { Scene } from "./scene";
import { useLook } from "./scene";

type Range = [number, number] | null;

export function LinePanel({ panel, title, room, scene }: { panel: Panel; title: string; room: Room; scene: Scene }) {
  const { address, project, runs } = scene;
  const keys = metricsOf(panel, scene.metrics);
  const expressions = expressionsOf(panel, keys);
  const group = panel.group ?? address.group;
  const plain = useLook(scene, [...keys, ...expressions], useNaming(panel, keys, group, scene));
  const { shape = "line", looks } = panel;
  const look = useMemo(() => (looks === undefined ? plain : styled(plain, looks)), [plain, looks]);
  const axis = address.x ?? "_step";
  const x = panel.x ?? axis;
  const { xExpression } = panel;
  // A panel of another axis looks closer for itself.
  const isShared = x === axis && xExpression === undefined;
  const [own, setOwn] = useState<Range>(null);
  const { from = null, to = null } = isShared ? address : { from: own?.[0] ?? null, to: own?.[1] ?? null };
  const isZoomed = from !== null || to !== null;
  const smooth = panel.smooth ?? address.smooth ?? "none";
  const amount = (panel.smooth === undefined ? address.amount : panel.amount) ?? SMOOTHED[smooth];
  const { logX = address.logX ?? false, logY = address.logY ?? false, yMin = null, yMax = null, legend } = panel;
  const clip = panel.clip ?? address.clip ?? false;
  const tellsGroups = panel.names !== undefined && tells(readTemplate(panel.names), "mean", "stddev", "min", "max");
  const zoom = isShared ? scene.onRange : setOwn;
  const style = useMemo(
    (): LineStyle => ({
      logX,
      logY,
      look,
      yRange: [yMin, yMax],
      shape,
      ignoresOutliers: clip,
      hasLegend: legend === true,
      tellsGroups,
      sync: `workspace ${xExpression ?? x}`,
      onRange: zoom,
    }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- where one zooms to does not change how lines look
    [logX, logY, look, shape, yMin, yMax, clip, legend, tellsGroups, x, xExpression],
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
        expressions,
        at: scene.at,
        stream: "history",
        x,
        xExpression,
        range: isZoomed ? [from, to] : [panel.xMin ?? null, panel.xMax ?? null],
        smoothing: smooth === "none" ? null : { kind: smooth, value: amount },
        group: group === undefined ? [] : [spelled(group)],
        aggregate: group === undefined ? undefined : panel.aggregate,
        band: group === undefined ? undefined : panel.band,
      }}
    />
  );
}
