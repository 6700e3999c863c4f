/** The charts of one run: what it logged, or what was measured of its machine. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import type { Run, RunId } from "../../api/run";
import { isAtWork, runKeys } from "../../api/run";
import { Frame } from "../../charts/Frame";
import type { LineStyle } from "../../charts/Lines";
import { Lines } from "../../charts/Lines";
import { Sections } from "../../charts/Sections";
import { colorAt } from "../../charts/colors";
import { Empty, Trouble, Waiting } from "../../components/States";
import { useTheme } from "../../components/theme";
import { keysFound, machineSections, sectionsOf, textFits } from "../../model/sections";
import type { LoggedPanel } from "./logged";
import { LoggedFrame, useLogged } from "./logged";

interface ChartsProps {
  id: RunId;
  run: Run;
  stream: "history" | "system";
}

export function Charts({ id, run, stream }: ChartsProps) {
  const keys = useQuery(runKeys(id, stream));
  const [typed, setTyped] = useState("");
  const [range, setRange] = useState<[number, number] | null>(null);
  const theme = useTheme();
  const logged = useLogged(id, run, stream === "history");
  const look = useCallback((line: { key: string }) => ({ label: line.key, color: colorAt(0, theme) }), [theme]);
  const style = useMemo(
    (): LineStyle => ({ logX: false, logY: false, sync: `run-${stream}`, onRange: setRange, look }),
    [look, stream],
  );
  if (keys.isError) return <Trouble error={keys.error} again={() => void keys.refetch()} />;
  if (keys.data === undefined) return <Waiting lines={8} />;
  if (keys.data.length + logged.charts.length + logged.tables.length === 0) {
    return (
      <Empty title={stream === "history" ? "Nothing was logged" : "The machine was not measured"}>
        <p>
          {isAtWork(run.state)
            ? "It appears here as soon as it is logged."
            : stream === "history"
              ? "A training logs with run.log({…})."
              : "The client measures every 15 seconds; this run was shorter, or its client was told not to."}
        </p>
      </Empty>
    );
  }
  const found = (stream === "history" ? sectionsOf : machineSections)(keysFound(keys.data, typed));
  const fits = textFits(typed);
  const sections = [
    { name: "Custom charts", items: logged.charts.filter(({ title }) => fits(title)) },
    { name: "Tables", items: logged.tables.filter(({ title }) => fits(title)) },
    ...found.map(({ name, keys }): { name: string; items: (string | LoggedPanel)[] } => ({ name, items: keys })),
  ].filter(({ items }) => items.length > 0);
  const x = stream === "history" ? "_step" : "_absolute_runtime";
  return (
    <div className="charts">
      <div className="toolbar">
        <input
          className="field"
          type="search"
          placeholder="Search charts"
          aria-label="Search charts"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button type="button" className="button" disabled={range === null} onClick={() => setRange(null)}>
          Show all of it
        </button>
        <span className="faint">Drag over a chart to look closer; a double click shows all.</span>
      </div>
      <Sections
        sections={sections}
        panel={(item) =>
          typeof item !== "string" ? (
            <LoggedFrame key={`logged ${item.chart?.key ?? item.table.key}`} id={id} run={run} panel={item} />
          ) : (
            <Frame key={item} title={titleOf(item)}>
              {(room) => (
                <Lines
                  title={titleOf(item)}
                  room={room}
                  asked={{
                    project: id.project,
                    runs: [id.run],
                    keys: [item],
                    stream,
                    x,
                    range: range ?? [null, null],
                    smoothing: null,
                    group: [],
                  }}
                  style={style}
                />
              )}
            </Frame>
          )
        }
      />
      {sections.length === 0 && <p className="faint charts-none">No chart has “{typed}” in its name.</p>}
    </div>
  );
}

const titleOf = (key: string) => key.replace(/^system\./, "");
