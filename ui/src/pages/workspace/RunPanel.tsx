/** Panels that show runs by their values: they come as a file of their own, with the library that draws them. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { text } from "../../api/read";
import { runRows } from "../../api/runs";
import type { Room } from "../../charts/Frame";
import { Told } from "../../components/States";
import { spelled } from "../../model/columns";
import type { Panel } from "../../model/panel";
import type { RunValues } from "../../model/plots";
import { textFits } from "../../model/sections";
import { Bars } from "./kinds/Bars";
import { ComparePanel } from "./kinds/ComparePanel";
import { CustomPanel } from "./kinds/CustomPanel";
import { Importance } from "./kinds/Importance";
import { MediaPanel } from "./kinds/MediaPanel";
import { Parallel } from "./kinds/Parallel";
import { Points } from "./kinds/Points";
import { Spread } from "./kinds/Spread";
import { TablesPanel } from "./kinds/TablesPanel";
import { Total } from "./kinds/Total";
import { Written } from "./kinds/Written";
import type { Scene } from "./scene";

export interface KindProps {
  panel: Panel;
  title: string;
  room: Room;
  scene: Scene;
  /** What is changed of the panel where it stands. */
  onPanel: (changed: Partial<Panel>) => void;
  /** Runs that are shown, with the values that the panel asks for. */
  runs: RunValues[];
}

const SHOWS = {
  bar: Bars,
  scatter: Points,
  histogram: Spread,
  scalar: Total,
  parallel: Parallel,
  importance: Importance,
};

type Props = Omit<KindProps, "runs">;

export default function RunPanel(props: Props) {
  const { kind } = props.panel;
  if (kind === "line") return null;
  if (kind === "markdown") return <Written text={props.panel.text ?? ""} height={props.room.height} />;
  if (kind === "custom") return <CustomPanel {...props} />;
  if (kind === "media") return <MediaPanel {...props} />;
  if (kind === "table") return <TablesPanel {...props} />;
  if (kind === "compare") return <ComparePanel {...props} />;
  return <ByValues {...props} Shown={SHOWS[kind]} />;
}

function ByValues({ Shown, ...props }: Props & { Shown: (props: KindProps) => React.ReactNode }) {
  const { panel, scene, room } = props;
  const { project, address } = scene;
  const columns = columnsOf(panel, scene);
  const found = useQuery({
    ...runRows(project, address.filter ?? "", columns.map(spelled), scene.at),
    enabled: room.wasSeen && columns.length > 0,
  });
  const [find, hiddenText] = [address.find ?? "", JSON.stringify(address.hide ?? [])];
  const runs = useMemo(() => {
    const hidden = new Set(JSON.parse(hiddenText) as string[]);
    const fits = textFits(find);
    const { rows = [], total = 0 } = found.data ?? {};
    return rows
      .map((row, index): RunValues => ({
        id: text(row.run_id),
        name: text(row.name),
        place: total - 1 - index,
        values: row,
      }))
      .filter(({ id, name }) => !hidden.has(id) && (find.trim() === "" || fits(name) || fits(id)));
  }, [found.data, find, hiddenText]);
  if (columns.length === 0) return <div className="panel-empty">Edit this panel to choose what it shows</div>;
  if (found.isError) return <Told error={found.error} />;
  if (found.data === undefined) return <div className="skeleton" style={{ height: room.height }} />;
  if (runs.length === 0) return <div className="panel-empty">No run is shown</div>;
  return <Shown {...props} runs={runs} />;
}

/** Columns whose values a panel needs; none where something is not chosen yet. */
function columnsOf({ kind, keys = [], x, y, color, group }: Panel, scene: Scene): string[] {
  const chosen = (...ids: (string | undefined)[]) =>
    [...new Set(ids.filter((id) => id !== undefined && id !== "name"))] as string[];
  switch (kind) {
    case "scatter":
      return x === undefined || y === undefined ? [] : chosen(x, y, color);
    case "importance":
      return y === undefined ? [] : chosen(y, ...parameters(scene));
    case "parallel":
      return keys.length < 2 ? [] : chosen(...keys, color);
    default:
      return keys[0] === undefined ? [] : chosen(keys[0], group, color);
  }
}

/** Keys of the config that are numbers in some run, or may be. */
export function parameters({ columns }: Scene): string[] {
  return columns
    .filter(({ space, kind, label }) => space === "config" && kind !== "text" && !label.startsWith("_"))
    .map(({ id }) => id)
    .slice(0, 200);
}
