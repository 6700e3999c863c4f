/** Runs beside each other: what they were given and what came of it, the first one being what others are measured by. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Json } from "../api/http";
import type { Row } from "../api/read";
import { text } from "../api/read";
import { comparedRuns } from "../api/runs";
import { columnsOf } from "../model/columns";
import type { Fact } from "../model/compare";
import { compared, searchedFacts } from "../model/compare";
import { deltaOf, formatDelta } from "../model/delta";
import { counted, formatMoment, formatNumber, formatSpan } from "../model/format";
import "./comparer.css";
import { Told, Waiting } from "./States";

/** More runs than that do not fit beside each other. */
export const COMPARED_MAX = 10;

const LABELS = new Map(columnsOf([]).map(({ id, label }) => [id, label]));

interface ComparerProps {
  project: string;
  ids: string[];
  label: string;
  /** The moment that is looked at; now where there is none. */
  at?: string | undefined;
}

export function Comparer({ project, ids, label, at }: ComparerProps) {
  const found = useQuery(comparedRuns(project, ids.slice(0, COMPARED_MAX), at));
  const [typed, setTyped] = useState("");
  const [onlyDifferent, setOnlyDifferent] = useState(true);
  if (found.isError) return <Told error={found.error} />;
  if (found.data === undefined) return <Waiting lines={6} />;
  const facts = compared(found.data);
  const shown = searchedFacts(facts, typed, onlyDifferent);
  return (
    <div className="comparer">
      <div className="comparer-bar">
        <input
          className="field"
          type="search"
          placeholder="Search"
          aria-label="Search what is compared"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <label className="comparer-check">
          <input type="checkbox" checked={onlyDifferent} onChange={(event) => setOnlyDifferent(event.target.checked)} />{" "}
          Differences only
        </label>
        <span className="faint" role="status">
          {shown.length} of {counted(facts.length, "fact")}
          {ids.length > COMPARED_MAX && `, the first ${COMPARED_MAX} of ${ids.length} runs`}
        </span>
      </div>
      <div className="comparer-table" tabIndex={0} role="region" aria-label={label}>
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span className="unseen">Fact</span>
              </th>
              {found.data.map((row) => (
                <Head key={text(row.run_id)} project={project} row={row} />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((fact) => (
              <Compared key={`${fact.space}.${fact.key}`} fact={fact} />
            ))}
          </tbody>
        </table>
        {shown.length === 0 && (
          <p className="faint">{typed === "" ? "They differ in nothing." : "Nothing is called so."}</p>
        )}
      </div>
    </div>
  );
}

function Head({ project, row }: { project: string; row: Row }) {
  const [entity = "", name = ""] = project.split("/");
  return (
    <th scope="col">
      <Link
        className="cut"
        to="/$entity/$project/runs/$run"
        params={{ entity, project: name, run: text(row.run_id) }}
        title={`${text(row.name)} (${text(row.run_id)})`}
      >
        {text(row.name)}
      </Link>
    </th>
  );
}

function Compared({ fact: { space, key, values, differs } }: { fact: Fact }) {
  return (
    <tr className={differs ? "differs" : ""}>
      <th scope="row" className="cut" title={`${space}.${key}`}>
        {space !== "run" && <span className="faint">{space}.</span>}
        {space === "run" ? (LABELS.get(key) ?? key) : key}
      </th>
      {values.map((value, index) => {
        const delta = index === 0 ? null : deltaOf(value, values[0]);
        const shown = toldOf(key, value);
        return (
          <td key={index} className="cut" title={shown}>
            {value === undefined ? <span className="faint">–</span> : shown}
            {delta !== null && delta !== 0 && (
              <span className="delta">{formatDelta(delta, key === "runtime" ? formatSpan : formatNumber)}</span>
            )}
          </td>
        );
      })}
    </tr>
  );
}

function toldOf(key: string, value: Json | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return key === "runtime" ? formatSpan(value) : formatNumber(value);
  if (key === "created_at" && typeof value === "string") return formatMoment(value);
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}
