/** Nested values, as a tree that opens and closes. */
import type { Json } from "../../api/http";
import { formatNumber } from "../../model/format";
import type { Branch } from "./leaves";
import { branches, pruned } from "./leaves";

export function Tree({ value, typed }: { value: Json; typed: string }) {
  const all = branches(value);
  const found = pruned(all, typed);
  if (all.length === 0) return <p className="faint">Nothing was set.</p>;
  if (found.length === 0) return <p className="faint">Nothing has “{typed}” in it.</p>;
  return <Branches found={found} />;
}

function Branches({ found }: { found: Branch[] }) {
  return (
    <ul className="tree">
      {found.map((branch) => (
        <li key={branch.path}>
          {branch.parts === null ? (
            <div className="leaf">
              <span className="leaf-name" title={branch.path}>
                {branch.name}
              </span>
              <LeafValue value={branch.value} />
            </div>
          ) : (
            <details open>
              <summary>{branch.name}</summary>
              <Branches found={branch.parts} />
            </details>
          )}
        </li>
      ))}
    </ul>
  );
}

function LeafValue({ value }: { value: Json }) {
  if (typeof value === "number") {
    return (
      <span className="mono number" title={String(value)}>
        {formatNumber(value)}
      </span>
    );
  }
  return <span className="mono leaf-value">{typeof value === "string" ? value : JSON.stringify(value)}</span>;
}
