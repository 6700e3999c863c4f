/** A search field over a list of names to tick: what a chooser of columns, groups or metrics shows. */
import type { ReactNode } from "react";

/** How many names a list shows; what is typed narrows them. */
const LISTED = 200;

export interface Pick {
  id: string;
  /** What stands faint before the name. */
  space: string;
  label: string;
  isTicked: boolean;
}

interface PickerProps {
  placeholder: string;
  typed: string;
  onTyped: (typed: string) => void;
  picks: Pick[];
  onPick: (id: string, isTicked: boolean) => void;
  /** What is done to all that was found. */
  actions?: ReactNode;
  /** What stands behind a name. */
  aside?: (id: string) => ReactNode;
  none: string;
}

export function Picker({ placeholder, typed, onTyped, picks, onPick, actions, aside, none }: PickerProps) {
  return (
    <>
      <input
        className="field"
        type="search"
        placeholder={placeholder}
        aria-label={placeholder}
        value={typed}
        onChange={(event) => onTyped(event.target.value)}
      />
      {actions !== undefined && <div className="picker-all">{actions}</div>}
      <ul className="picker-list" tabIndex={0} aria-label="Columns found">
        {picks.slice(0, LISTED).map(({ id, space, label, isTicked }) => (
          <li key={id}>
            <label className="cut">
              <input type="checkbox" checked={isTicked} onChange={(event) => onPick(id, event.target.checked)} />
              <span className="cut">
                {space !== "" && <span className="faint">{space}.</span>}
                {label}
              </span>
            </label>
            {aside?.(id)}
          </li>
        ))}
      </ul>
      {picks.length > LISTED && <p className="faint">{picks.length - LISTED} more: type to find them.</p>}
      {picks.length === 0 && <p className="faint">{none}</p>}
    </>
  );
}
