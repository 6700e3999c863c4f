import { expect, test } from "vitest";
import { sortKeys, sortedBy, withoutSort } from "./sort";

test("a key is sorted by alone, or behind the others, and once", () => {
  expect(sortedBy(["name"], "summary.loss", true, false)).toEqual(["-summary.loss"]);
  expect(sortedBy(["-state", "name"], "state", false, true)).toEqual(["name", "state"]);
  expect(withoutSort(["-state", "name"], "state")).toEqual(["name"]);
  expect(sortKeys(["-state", "name"])).toEqual([
    { id: "state", isDescending: true },
    { id: "name", isDescending: false },
  ]);
});
