/** Choosing the moment that the table is looked at, and saying that it is a past one. */
import type { SyntheticEvent } from "react";
import { useState } from "react";
import { Popup } from "../../components/Popup";
import { formatMoment } from "../../model/format";
import { fieldOf, momentOf, momentOfField } from "../../model/moment";

const AGO: [string, number][] = [
  ["10 minutes ago", 600],
  ["An hour ago", 3_600],
  ["A day ago", 86_400],
  ["A week ago", 604_800],
];

interface MomentProps {
  at: string | undefined;
  onAt: (at: string | undefined) => void;
}

export function MomentPicker({ at, onAt }: MomentProps) {
  const [isOpen, setOpen] = useState(false);
  const choose = (moment: string | null) => {
    if (moment === null) return;
    onAt(moment);
    setOpen(false);
  };
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const value = new FormData(event.currentTarget).get("moment");
    choose(momentOfField(typeof value === "string" ? value : ""));
  };
  return (
    <Popup
      label="As it was"
      className="moment"
      align="end"
      triggerClass={at === undefined ? "button" : "button on"}
      trigger="As it was"
      isOpen={isOpen}
      onOpenChange={setOpen}
    >
      <form onSubmit={submit}>
        <label className="labelled">
          At
          <input
            className="field"
            type="datetime-local"
            step={1}
            name="moment"
            required
            defaultValue={fieldOf(at ?? momentOf(new Date()))}
          />
        </label>
        <div className="moment-ago">
          {AGO.map(([label, seconds]) => (
            <button
              key={label}
              type="button"
              className="button small"
              onClick={() => choose(momentOf(new Date(Date.now() - seconds * 1000)))}
            >
              {label}
            </button>
          ))}
        </div>
        <div className="actions">
          <button type="submit" className="button primary">
            Show the table as it was
          </button>
        </div>
      </form>
    </Popup>
  );
}

export function PastBanner({ at, onAt }: { at: string; onAt: MomentProps["onAt"] }) {
  return (
    <div className="told warn past" role="status">
      <span>
        You see the table as it was on <b>{formatMoment(at)}</b>. It stays so, and nothing in it can be changed.
      </span>
      <button type="button" className="button small" onClick={() => onAt(undefined)}>
        Back to now
      </button>
    </div>
  );
}
