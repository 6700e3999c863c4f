import { expect, test } from "vitest";
import { columnsOf } from "./plotColumns";
import { filled, stacked } from "./stack";

test("between its points a line is straight, and before and after them it is not there", () => {
  expect(filled([1, 3], [1, 3], [0, 1, 2, 3, 4])).toEqual([null, 1, 2, 3, null]);
  expect(filled([1, 3], [0, 2], [0, 1, 10])).toEqual([1, 1.2, 3]);
  expect(filled([5, null, 7], [0, 1, 2], [0, 1, 2])).toEqual([5, 6, 7]);
  expect(filled([1, 2, 4], [0, 2, 0], [0, 1, 2])).toEqual([4, 3, 2]);
  expect(filled([], [], [0, 1])).toEqual([null, null]);
});

test("each line stands on those before it", () => {
  const columns = [
    [1, 2, null],
    [3, null, 4],
    [-1, 5, 6],
  ];
  expect(stacked(columns, false)).toEqual([
    { base: [0, 0, null], top: [1, 2, null] },
    { base: [1, null, 0], top: [4, null, 4] },
    { base: [4, 2, 4], top: [3, 7, 10] },
  ]);
});

test("shares of a whole make a hundred, and what is below nothing has none", () => {
  const columns = [
    [1, -2, 0],
    [3, 4, 0],
  ];
  expect(stacked(columns, true)).toEqual([
    { base: [0, 0, null], top: [25, 0, null] },
    { base: [25, 0, null], top: [100, 100, null] },
  ]);
});

test("areas have neither bands nor what was logged, and each is filled down to the one below", () => {
  const known = { mean: [], deviation: [], low: [], high: [] };
  const line = { label: "", color: "#000000", known, raw: [9, 9], band: { low: [0, 0], high: [9, 9] } };
  const lines = [
    { ...line, x: [0, 2], y: [1, 3] },
    { ...line, x: [1, 2], y: [10, 10] },
  ];
  const { data, bands, shown } = columnsOf(lines, false, false, "area");
  expect(data.slice(1)).toEqual([
    [0, 0, 0],
    [1, 2, 3],
    [null, 2, 3],
    [null, 12, 13],
  ]);
  expect(bands.map(({ series }) => series)).toEqual([
    [2, 1],
    [4, 3],
  ]);
  expect(shown.map(({ column, pointAt }) => [column, pointAt(2)])).toEqual([
    [2, 1],
    [4, 1],
  ]);
  // Between its points the point before is what is told.
  expect(shown[0]?.pointAt(1)).toBe(0);
});
