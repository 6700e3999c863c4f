/** Values that several runs logged under one key: what kind they are of, and which stands at a step. */
import type { Json } from "../api/http";
import { TABLE_TYPES } from "./logTable";
import { MEDIA_TYPES } from "./media";

export interface RunValue {
  run: string;
  step: number;
  value: Json;
}

/** What the `_type` of a value says that it is. */
export function kindOf(type: string): "media" | "table" | null {
  if (TABLE_TYPES.has(type)) return "table";
  return type in MEDIA_TYPES ? "media" : null;
}

/** By run, in the order of steps, what `read` makes of the values; of several values of a step the last counts. */
export function byRun<Value>(
  values: RunValue[],
  read: (value: Json, step: number) => Value | null,
): Map<string, { step: number; value: Value }[]> {
  const found = new Map<string, Map<number, Value>>();
  for (const { run, step, value } of values) {
    const made = read(value, step);
    if (made === null) continue;
    const steps = found.get(run) ?? new Map<number, Value>();
    found.set(run, steps.set(step, made));
  }
  return new Map(
    [...found].map(([run, steps]) => [
      run,
      [...steps].map(([step, value]) => ({ step, value })).sort((a, b) => a.step - b.step),
    ]),
  );
}

/** What stands at a step: what was logged there or last before; the newest where no step is chosen. */
export function heldAt<Value extends { step: number }>(logged: Value[], step: number | undefined): Value | undefined {
  return step === undefined ? logged.at(-1) : logged.findLast((one) => one.step <= step);
}

/** All steps at which something was logged, each once. */
export function stepsIn(logged: Iterable<{ step: number }[]>): number[] {
  return [...new Set([...logged].flatMap((steps) => steps.map(({ step }) => step)))].sort((a, b) => a - b);
}

/** Where a slider over steps stands: at the chosen one or the last before it, at the newest where none is chosen. */
export function placeIn(steps: number[], step: number | undefined): number {
  const last = steps.length - 1;
  return Math.max(0, step === undefined ? last : steps.findLastIndex((one) => one <= step));
}
