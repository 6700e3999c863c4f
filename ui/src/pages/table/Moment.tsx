/** Choosing the moment that a page is looked at, and saying that it is a past one. */
import type { SyntheticEvent } from "react";
import { useState } from "react";
import { newestLsn } from "../../api/runs";
import { Popup } from "../../components/Popup";
import { Told } from "../../components/States";
import { fieldOf, isMoment, momentOf, momentOfField, pinOf, pinTold } from "../../model/moment";

const AGO: [string, number][] = [
  ["10 minutes ago", 600],
  ["An hour ago", 3_600],
  ["A day ago", 86_400],
  ["A week ago", 604_800],
];

interface MomentProps {
  project: string;
  /** What of it is looked at. */
  what: "table" | "workspace";
  at: string | undefined;
  onAt: (at: string | undefined) => void;
}

export function MomentPicker({ project, what, at, onAt }: MomentProps) {
  const [isOpen, setOpen] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const choose = (moment: string | null) => {
    if (moment === null) return;
    onAt(moment);
    setOpen(false);
  };
  const pin = async () => {
    try {
      choose(pinOf(await newestLsn(project)));
    } catch (failed) {
      setError(failed);
    }
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
            defaultValue={fieldOf(isMoment(at) ? at : momentOf(new Date()))}
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
            Show the {what} as it was
          </button>
        </div>
        <button type="button" className="button" onClick={() => void pin()}>
          Pin the link to what is known now
        </button>
        {error !== null && <Told error={error} />}
      </form>
    </Popup>
  );
}

export function PastBanner({ what, at, onAt }: Omit<MomentProps, "project"> & { at: string }) {
  return (
    <div className="told warn past" role="status">
      <span>
        You see the {what} as it was <b>{pinTold(at)}</b>. It stays so, for all who have this link
        {what === "table" ? ", and nothing in it can be changed" : ""}.
      </span>
      <button type="button" className="button small" onClick={() => onAt(undefined)}>
        Back to now
      </button>
    </div>
  );
}
