/** A field that leads to a line of the log by its number, or to what was printed at a time. */
import { useState } from "react";
import type { Run, RunId } from "../../api/run";
import { consoleLineAt } from "../../api/run";
import { placeOf } from "./place";

interface GoToProps {
  id: RunId;
  run: Run;
  total: number;
  onLine: (index: number) => void;
}

export function GoTo({ id, run, total, onLine }: GoToProps) {
  const [wrong, setWrong] = useState<string | null>(null);
  const submit = async (typed: string) => {
    const place = placeOf(typed, run.createdAt);
    if (place === null) {
      setWrong("A line is a number, a time 14:05 or 2026-11-27 14:05");
      return;
    }
    setWrong(null);
    try {
      const line = "line" in place ? place.line : await consoleLineAt(id, place.time);
      onLine(Math.min(total - 1, line ?? total - 1));
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form
      className="console-goto"
      onSubmit={(event) => {
        event.preventDefault();
        const typed = new FormData(event.currentTarget).get("place");
        void submit(typeof typed === "string" ? typed : "");
      }}
    >
      <input
        className={wrong === null ? "field" : "field wrong"}
        name="place"
        autoComplete="off"
        placeholder="Line, or 14:05"
        aria-label="Go to a line or a time"
        aria-invalid={wrong !== null}
        title={wrong ?? undefined}
        onChange={() => setWrong(null)}
      />
      {wrong !== null && (
        <span className="beneath-wrong" role="alert">
          {wrong}
        </span>
      )}
    </form>
  );
}
