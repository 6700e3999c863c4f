/** The filter as one line of text, with what can stand at the caret; and the builder beside it. */
import { useQuery } from "@tanstack/react-query";
import type { KeyboardEvent } from "react";
import { useEffect, useId, useRef, useState } from "react";
import { ApiError } from "../../api/http";
import { valuesOf } from "../../api/runs";
import type { Column } from "../../model/columns";
import { spelled } from "../../model/columns";
import type { Suggestion } from "../../model/suggest";
import { suggestions, wanted } from "../../model/suggest";
import { Builder } from "./Builder";

interface FilterBarProps {
  project: string;
  columns: Column[];
  filter: string;
  error: unknown;
  onFilter: (filter: string) => void;
}

export function FilterBar({ project, columns, filter, error, onFilter }: FilterBarProps) {
  const [typed, setTyped] = useState(filter);
  const [known, setKnown] = useState(filter);
  const [caret, setCaret] = useState<number | null>(null);
  const [marked, setMarked] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  // What the address says wins when it changes: the builder, a menu, or the way back.
  if (known !== filter) {
    setKnown(filter);
    setTyped(filter);
  }
  const want = caret === null ? null : wanted(typed, caret);
  const column = want?.what === "value" ? want.column : null;
  const values = useValues(project, column);
  const shown = want === null ? [] : suggestions(want, columns, values);
  const wrong = error instanceof ApiError && error.kind === "invalid" ? error : null;

  const apply = (text: string) => {
    setCaret(null);
    setMarked(-1);
    if (text.trim() !== filter) onFilter(text.trim());
  };
  const take = ({ text }: Suggestion) => {
    if (want === null) return;
    const next = `${typed.slice(0, want.start)}${text} ${typed.slice(want.start + want.typed.length).trimStart()}`;
    const at = want.start + text.length + 1;
    setTyped(next);
    setCaret(at);
    setMarked(-1);
    input.current?.focus();
    requestAnimationFrame(() => input.current?.setSelectionRange(at, at));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = shown[marked];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setMarked((before) =>
        shown.length === 0
          ? -1
          : (before +
              (event.key === "ArrowDown" ? 1 : -1) +
              shown.length +
              (before < 0 && event.key === "ArrowUp" ? 1 : 0)) %
            shown.length,
      );
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen !== undefined) {
      event.preventDefault();
      take(chosen);
    } else if (event.key === "Enter") apply(typed);
    else if (event.key === "Escape") {
      setCaret(null);
      setMarked(-1);
    }
  };

  return (
    <div className="filter" onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setCaret(null)}>
      <Builder project={project} columns={columns} filter={filter} onFilter={onFilter} />
      <div className="filter-line">
        <input
          ref={input}
          className={wrong === null ? "field mono" : "field mono wrong"}
          role="combobox"
          aria-label="Filter"
          aria-expanded={shown.length > 0}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={marked >= 0 ? `${list}-${marked}` : undefined}
          aria-invalid={wrong !== null}
          placeholder="Filter: state = Finished and config.lr <= 0.01"
          spellCheck={false}
          autoComplete="off"
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setCaret(event.target.selectionStart);
            setMarked(-1);
          }}
          onClick={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
        />
        {typed !== "" && (
          <button
            type="button"
            className="filter-clear"
            aria-label="Clear the filter"
            onClick={() => {
              setTyped("");
              apply("");
            }}
          >
            ×
          </button>
        )}
        <ul
          id={list}
          role="listbox"
          aria-label="What can stand here"
          className="menu filter-list"
          hidden={shown.length === 0}
        >
          {shown.map((suggestion, index) => (
            <li
              key={suggestion.text}
              id={`${list}-${index}`}
              role="option"
              aria-selected={index === marked}
              className="menu-item"
              // Before the click the input would lose the focus.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => take(suggestion)}
            >
              <span className="mono">{suggestion.label}</span>
              <span className="faint">{suggestion.note}</span>
            </li>
          ))}
        </ul>
        {wrong !== null && shown.length === 0 && (
          <div className="beneath-wrong" role="alert">
            {wrong.message}
            {wrong.position !== null && filter !== "" && (
              <> at “{filter.slice(wrong.position.column - 1, wrong.position.column + 11) || "the end"}”</>
            )}
            {wrong.hint !== null && <span className="soft"> · {wrong.hint}</span>}
          </div>
        )}
      </div>
    </div>
  );
}

/** Values that runs have, asked for once somebody is about to write one. */
export function useValues(project: string, column: string | null): unknown[] {
  const [asked, setAsked] = useState(column);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(column), 120);
    return () => clearTimeout(timer);
  }, [column]);
  const found = useQuery({
    queryKey: ["values", project, asked],
    queryFn: ({ signal }) => valuesOf(project, spelled(asked ?? ""), signal),
    enabled: asked !== null && asked !== "",
    staleTime: 30_000,
    retry: false,
  });
  return asked === column ? (found.data ?? []) : [];
}
