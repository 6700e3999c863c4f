import { expect, test } from "vitest";
import { drawn, listed } from "./selection";

const runs = [
  { id: "a1", name: "adam-0.1", state: "Finished", place: 1 },
  { id: "b2", name: "sgd-0.1", state: "Failed", place: 0 },
];

test("runs are found by a part of their name or id, or by a regular expression", () => {
  const found = (find: string) => listed(runs, find).map(({ id }) => id);
  expect([found(""), found("ADAM"), found("^sgd"), found("b2"), found("nothing")]).toEqual([
    ["a1", "b2"],
    ["a1"],
    ["b2"],
    ["b2"],
    [],
  ]);
});

test("a closed eye hides a run from the panels alone", () => {
  expect(drawn(runs, ["a1", "gone"]).map(({ id }) => id)).toEqual(["b2"]);
});
