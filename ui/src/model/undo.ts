/** What was, and what was taken back: a value beside the present one. */

export interface Past<Value> {
  /** The newest last. */
  before: Value[];
  /** The next to come again last. */
  after: Value[];
}

export const NO_PAST = { before: [], after: [] };

/** Steps that are kept. */
const STEPS = 100;

/** After a change from `present`; what was taken back is gone with it. */
export function changed<Value>(past: Past<Value>, present: Value): Past<Value> {
  return { before: [...past.before, present].slice(-STEPS), after: [] };
}

/** Takes the last change back: what to show now, or null where nothing changed. */
export function undone<Value>({ before, after }: Past<Value>, present: Value): [Past<Value>, Value] | null {
  if (before.length === 0) return null;
  return [{ before: before.slice(0, -1), after: [...after, present] }, before.at(-1) as Value];
}

/** Makes again what was taken back. */
export function redone<Value>({ before, after }: Past<Value>, present: Value): [Past<Value>, Value] | null {
  if (after.length === 0) return null;
  return [{ before: [...before, present], after: after.slice(0, -1) }, after.at(-1) as Value];
}
