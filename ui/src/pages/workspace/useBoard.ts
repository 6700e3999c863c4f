/** The board that the address says, with changes that can be taken back. */
import { useEffect, useEffectEvent, useMemo, useState } from "react";
import type { Board } from "../../model/board";
import { PLAIN } from "../../model/board";
import { boardOf, TEXT_MAX, writeBoard } from "../../model/boardText";
import type { Past } from "../../model/undo";
import { changed, NO_PAST, redone, undone } from "../../model/undo";

type Text = string | undefined;

export interface BoardState {
  board: Board;
  /** The address has a text that is no board. */
  isBroken: boolean;
  /** Gives whether the board fits into an address; it stays as it is where not. */
  set: (board: Board) => boolean;
  reset: () => void;
  /** Null where there is nothing to take back. */
  undo: (() => void) | null;
  redo: (() => void) | null;
}

export function useBoard(text: Text, onText: (text: Text) => void): BoardState {
  const [past, setPast] = useState<Past<Text>>(NO_PAST);
  const read = useMemo(() => boardOf(text), [text]);
  const board = read ?? PLAIN;
  const change = (next: Text) => {
    if (next === text) return;
    setPast(changed(past, text));
    onText(next);
  };
  const step = (to: typeof undone) => {
    const found = to(past, text);
    if (found === null) return;
    setPast(found[0]);
    onText(found[1]);
  };
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const isTyping =
      event.target instanceof Element &&
      event.target.closest("input, textarea, [contenteditable], [role=dialog]") !== null;
    if (isTyping || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    const isRedo = (key === "z" && event.shiftKey) || (key === "y" && !event.shiftKey);
    if (!isRedo && key !== "z") return;
    event.preventDefault();
    step(isRedo ? redone : undone);
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKey(event);
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
  return {
    board,
    isBroken: read === null,
    set: (next) => {
      const written = writeBoard(next);
      const fits = written === undefined || written.length <= TEXT_MAX;
      if (fits) change(written);
      return fits;
    },
    reset: () => change(undefined),
    undo: past.before.length > 0 ? () => step(undone) : null,
    redo: past.after.length > 0 ? () => step(redone) : null,
  };
}
