/** What a run is: where it ran, in which states it was, its config and summary. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Run, RunId } from "../../api/run";
import { runEvents } from "../../api/run";
import { member, numberOrNull, text, textOrNull } from "../../api/read";
import { edit } from "../../api/runs";
import { Ago, Copy, Fact, StateBadge } from "../../components/Bits";
import { formatBytes, formatMoment, formatSpan } from "../../model/format";
import { EditableTags, EditableText } from "./Editable";
import { Tree } from "./Tree";

export function Overview({ id, run }: { id: RunId; run: Run }) {
  const client = useQueryClient();
  const path = `${id.project}/${id.run}`;
  const refresh = () => client.invalidateQueries({ queryKey: ["run", id.project, id.run] });
  const { row } = run;
  const parent = textOrNull(row.parent_run_id);
  const [entity = "", project = ""] = id.project.split("/");
  const memory = numberOrNull(row.memory_bytes);
  const hardware = [
    counted(numberOrNull(row.cpu_count), "CPU"),
    memory === null ? null : `${formatBytes(memory)} memory`,
    counted(numberOrNull(row.gpu_count), textOrNull(row.gpu_type) ?? "GPU"),
  ].filter((part) => part !== null);
  return (
    <div className="overview">
      <section className="card">
        <dl className="facts">
          <Fact name="Notes">
            <EditableText
              label="Notes"
              value={run.notes ?? ""}
              isLong
              onSave={(notes) => edit(path, { notes }).then(refresh)}
            />
          </Fact>
          <Fact name="Tags">
            <EditableTags
              tags={run.tags}
              onChange={(added, removed) => edit(path, { tags_add: added, tags_remove: removed }).then(refresh)}
            />
          </Fact>
          <Fact name="Group">
            <EditableText
              label="Group"
              value={text(row.group_name)}
              onSave={(group) => edit(path, { group }).then(refresh)}
            />
          </Fact>
          <Fact name="Job type">
            <EditableText
              label="Job type"
              value={text(row.job_type)}
              onSave={(job_type) => edit(path, { job_type }).then(refresh)}
            />
          </Fact>
          <Plain name="Description" value={textOrNull(row.description)} />
          <Plain name="Author" value={textOrNull(row.author)} />
          <Fact name="Run path">
            <code>{path}</code> <Copy text={path} />
          </Fact>
          <Fact name="Started">
            <Ago moment={textOrNull(row.started_at)} />{" "}
            <span className="faint">{formatMoment(text(row.started_at))}</span>
          </Fact>
          <Fact name="Runtime">
            {formatSpan(run.runtime)}{" "}
            <span className="faint">of which at work {formatSpan(numberOrNull(row.duration) ?? 0)}</span>
          </Fact>
          <Plain name="Steps" value={numberOrNull(row.last_step)?.toLocaleString("en-US") ?? null} />
          <Plain name="Command" value={textOrNull(row.command)} isCode />
          <Plain name="Executable" value={textOrNull(row.executable)} isCode />
          <Plain name="Python" value={textOrNull(row.python_version)} />
          <Plain name="Host" value={textOrNull(row.host)} />
          <Plain name="System" value={textOrNull(row.os)} />
          <Plain name="Hardware" value={hardware.length > 0 ? hardware.join(", ") : null} />
          <Plain name="Repository" value={textOrNull(row.git_remote)} isCode />
          <Plain name="Commit" value={textOrNull(row.git_commit)} isCode />
          <Plain name="Client" value={textOrNull(row.client_version)} />
          {parent !== null && (
            <Fact name={parent === id.run ? "Rewound" : "Forked from"}>
              {parent !== id.run && (
                <>
                  <Link to="/$entity/$project/runs/$run" params={{ entity, project, run: parent }}>
                    {parent}
                  </Link>{" "}
                </>
              )}
              {parent === id.run ? "to" : "at"} step {numberOrNull(row.fork_step)?.toLocaleString("en-US")}
            </Fact>
          )}
        </dl>
      </section>
      <div className="stacked">
        <States id={id} run={run} />
        <Searched title="Config" value={run.config} />
        <Searched title="Summary" value={run.summary} />
      </div>
    </div>
  );
}

function counted(count: number | null, what: string): string | null {
  return count === null ? null : `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** A fact that is there, or no line at all. */
function Plain({ name, value, isCode = false }: { name: string; value: string | null; isCode?: boolean }) {
  if (value === null || value === "") return null;
  return <Fact name={name}>{isCode ? <code>{value}</code> : value}</Fact>;
}

/** In which states it was, and what showed that. */
function States({ id, run }: { id: RunId; run: Run }) {
  const { data } = useQuery(runEvents(id, false));
  const changes = (data ?? []).filter(
    ({ kind }) => kind === "StateChanged" || kind === "StopRequested" || kind === "RunCreated",
  );
  return (
    <section className="card">
      <h2>State</h2>
      <ol className="states">
        {changes.length === 0 && (
          <li>
            <StateBadge state={run.state} /> <span className="soft">{run.reason}</span>
          </li>
        )}
        {changes.map(({ lsn, kind, time, actor, body }) => (
          <li key={lsn}>
            <StateBadge
              state={
                kind === "StopRequested"
                  ? "Stop asked"
                  : kind === "RunCreated"
                    ? text(member(body, "state")) || "Begun"
                    : text(member(body, "to"))
              }
            />
            <span className="soft">
              {kind === "RunCreated"
                ? "begun"
                : kind === "StopRequested"
                  ? ""
                  : `${text(member(body, "cause"))}: ${text(member(body, "evidence"))}`}
              {kind === "StopRequested" && actor !== null && `by ${actor}`}
            </span>
            <span className="faint states-when">
              <Ago moment={time} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Searched({ title, value }: { title: string; value: Parameters<typeof Tree>[0]["value"] }) {
  const [typed, setTyped] = useState("");
  return (
    <section className="card">
      <div className="card-head">
        <h2>{title}</h2>
        <input
          className="field"
          type="search"
          placeholder="Search"
          aria-label={`Search in ${title.toLowerCase()}`}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
      <Tree value={value} typed={typed} />
    </section>
  );
}
