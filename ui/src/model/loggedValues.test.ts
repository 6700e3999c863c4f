import { expect, test } from "vitest";
import { byRun, heldAt, kindOf, placeIn, stepsIn } from "./loggedValues";

const values = [
  { run: "a", step: 4, value: 40 },
  { run: "a", step: 1, value: 10 },
  { run: "b", step: 3, value: 30 },
  { run: "b", step: 4, value: "odd" },
  { run: "a", step: 4, value: 41 },
];
const numbers = byRun(values, (value) => (typeof value === "number" ? value : null));

test("values stand by run in the order of steps, the last of a step counts, and what is not read is left out", () => {
  expect(numbers.get("a")).toEqual([
    { step: 1, value: 10 },
    { step: 4, value: 41 },
  ]);
  expect(numbers.get("b")).toEqual([{ step: 3, value: 30 }]);
  expect(stepsIn(numbers.values())).toEqual([1, 3, 4]);
});

test("a run shows what it logged last before the step, nothing where there was nothing yet", () => {
  const at = (run: string, step?: number) => heldAt(numbers.get(run) ?? [], step)?.value;
  expect([at("a", 0), at("a", 3), at("a", 9), at("a")]).toEqual([undefined, 10, 41, 41]);
  expect([at("b", 2), at("b", 3)]).toEqual([undefined, 30]);
});

test("a slider stands at the step or before it, and at the newest until one is chosen", () => {
  expect([undefined, 0, 1, 3, 9].map((step) => placeIn([1, 3, 4], step))).toEqual([2, 0, 0, 1, 2]);
  expect(placeIn([], undefined)).toBe(0);
});

test("kinds are told by the type of a value", () => {
  expect(["image-file", "audio", "molecule", "table-file", "histogram", ""].map(kindOf)).toEqual([
    "media",
    "media",
    "media",
    "table",
    null,
    null,
  ]);
});
