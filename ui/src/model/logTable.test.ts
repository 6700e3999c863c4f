import { expect, test } from "vitest";
import { readTable, rowsFound, rowsSorted, tablesIn } from "./logTable";

const told = (path: string) => ({ _type: "table-file", path, nrows: 3, size: 40 });

test("tables of a summary are found, also in what is nested", () => {
  const summary = {
    loss: 1,
    plants: told("a.json"),
    deep: { inner: told("b.json") },
    picture: { _type: "image-file" },
  };
  expect(tablesIn(summary)).toEqual([
    { key: "plants", path: "a.json", rows: 3, bytes: 40 },
    { key: "deep.inner", path: "b.json", rows: 3, bytes: 40 },
  ]);
  expect(tablesIn(null)).toEqual([]);
});

test("a table is read with the numbers that no JSON has, and texts stay as they are", () => {
  const content = '{"columns": ["a", 1], "data": [[NaN, "NaN is \\"here\\""], [-Infinity, 2]], "ncols": 2}';
  expect(readTable(content)).toEqual({
    columns: ["a", "1"],
    rows: [
      [null, 'NaN is "here"'],
      [null, 2],
    ],
  });
  expect(["", "[]", '{"columns": []}', "no"].map(readTable)).toEqual([null, null, null, null]);
});

test("rows are found by any cell, and sorted with what is missing last both ways", () => {
  const rows = [
    ["b", 2],
    ["a", null],
    ["C", 10],
    [{ x: 1 }, "ten"],
  ];
  expect(rowsFound(rows, " c ").map(([name]) => name)).toEqual(["C"]);
  expect(rowsFound(rows, '"x"')).toHaveLength(1);
  const seconds = (isDown: boolean) => rowsSorted(rows, 1, isDown).map((row) => row[1]);
  expect(seconds(false)).toEqual([2, 10, "ten", null]);
  expect(seconds(true)).toEqual(["ten", 10, 2, null]);
});
