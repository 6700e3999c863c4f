import { expect, test } from "vitest";
import { heights, lineAt, lineCount } from "./groups";

test("the runs of open groups stand behind them", () => {
  const open = [
    { index: 0, runs: 2 },
    { index: 2, runs: 1 },
  ];
  expect(lineCount(4, open)).toBe(7);
  const lines = Array.from({ length: 7 }, (_, line) => lineAt(line, open)).map((at) =>
    at.is === "group" ? `g${at.index}` : `g${at.group}r${at.index}`,
  );
  expect(lines).toEqual(["g0", "g0r0", "g0r1", "g1", "g2", "g2r0", "g3"]);
  expect(lineAt(5, [])).toEqual({ is: "group", index: 5 });
});

test("the tallest bar is one", () => {
  expect(heights([1, 4, 0])).toEqual([0.25, 1, 0]);
  expect(heights([0, 0])).toEqual([0, 0]);
});
