import { expect, test } from "vitest";
import { usages } from "./people";

test("every project has a row, the largest first, and what is not told counts as nothing", () => {
  const rows = usages(
    [
      { project: "a/empty", runs: 0 },
      { project: "a/values", runs: 2 },
      { project: "a/files", runs: 1 },
    ],
    {
      values: new Map([["a/values", 10]]),
      files: new Map([["a/files", 5]]),
      artifacts: new Map([
        ["a/files", 7],
        ["a/unknown", 99],
      ]),
    },
  );
  expect(rows).toEqual([
    { project: "a/files", runs: 1, values: 0, files: 5, artifacts: 7 },
    { project: "a/values", runs: 2, values: 10, files: 0, artifacts: 0 },
    { project: "a/empty", runs: 0, values: 0, files: 0, artifacts: 0 },
  ]);
});
