/** What a panel of lines works out of several metrics. The server reads it and says what is wrong with it. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import type { Checked } from "../../../api/chart";
import { checkedExpressions } from "../../../api/chart";
import { expressionsOf } from "../../../model/panel";
import type { FieldProps } from "./field";
import { orNone } from "./field";

/** Long enough that it is not asked for at each letter. */
const PAUSE = 250;

export function YExpressions({ panel, scene, onPanel }: FieldProps) {
  const texts = expressionsOf({ ...panel, keys: undefined }, []);
  const checked = useChecked(scene.project, "y", texts);
  const told = useId();
  return (
    <div className="editor-picks">
      <label className="labelled">
        Y expressions, one a line
        <textarea
          className={wrongClass(checked)}
          rows={2}
          placeholder={'train_loss / 2 or "val/acc" - "train/acc"'}
          spellCheck={false}
          aria-invalid={checked?.wrong != null}
          aria-describedby={told}
          value={(panel.expressions ?? []).join("\n")}
          onChange={(event) =>
            onPanel({ expressions: event.target.value === "" ? undefined : event.target.value.split("\n") })
          }
        />
      </label>
      <Told id={told} checked={checked} texts={texts} />
    </div>
  );
}

export function XExpression({ panel, scene, onPanel }: FieldProps) {
  const { xExpression } = panel;
  const texts = xExpression === undefined ? [] : [xExpression];
  const checked = useChecked(scene.project, "x", texts);
  const told = useId();
  return (
    <div className="editor-told">
      <label className="labelled">
        X expression
        <input
          className={wrongClass(checked)}
          placeholder="instead of the axis: _step * 32"
          spellCheck={false}
          aria-invalid={checked?.wrong != null}
          aria-describedby={told}
          value={xExpression ?? ""}
          onChange={(event) => onPanel({ xExpression: orNone(event.target.value) })}
        />
      </label>
      <Told id={told} checked={checked} texts={texts} />
    </div>
  );
}

function wrongClass(checked: Checked | undefined): string {
  return checked?.wrong == null ? "field mono" : "field mono wrong";
}

/** What the server says of it, once nobody types any more. */
function useChecked(project: string, of: "y" | "x", texts: string[]): Checked | undefined {
  const written = JSON.stringify(texts);
  const [asked, setAsked] = useState(written);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(written), PAUSE);
    return () => clearTimeout(timer);
  }, [written]);
  const found = useQuery(checkedExpressions(project, of, JSON.parse(asked) as string[]));
  return texts.length === 0 ? undefined : found.data;
}

function Told({ id, checked, texts }: { id: string; checked: Checked | undefined; texts: string[] }) {
  const { wrong = null, warnings = [] } = checked ?? {};
  return (
    <p id={id} className={wrong === null ? "field-told faint" : "field-told wrong"} role="status">
      {wrong === null ? warnings.join("; ") : placedIn(wrong, texts)}
      {wrong?.hint != null && <span className="faint"> ({wrong.hint})</span>}
    </p>
  );
}

/** Which of several it is, and at which letter. */
function placedIn({ message, position }: NonNullable<Checked["wrong"]>, texts: string[]): string {
  const [, place, what] = /^in (?:expressions\[(\d+)\]|x_expression): (.*)$/s.exec(message) ?? [];
  if (what === undefined) return message;
  const of = texts.length > 1 ? `${texts[Number(place)] ?? ""}: ` : "";
  return `${of}${what}${position === null ? "" : `, at letter ${position.column}`}`;
}
