import { tableFromArrays, tableToIPC } from "apache-arrow";
import { expect, test } from "vitest";
import { read } from "../../api/answer";
import { widthsOf } from "./widths";

test("an answer is read column by column, and big integers keep their digits", () => {
  const bytes = tableToIPC(
    tableFromArrays({
      name: ["a", null],
      count: new BigInt64Array([1n, 9007199254740993n]),
      loss: new Float64Array([0.5, 2]),
    }),
  );
  const { columns, rows } = read(bytes);
  expect(columns.map(({ name, isNumber }) => [name, isNumber])).toEqual([
    ["name", false],
    ["count", true],
    ["loss", true],
  ]);
  expect([0, 1].map((row) => [0, 1, 2].map((column) => rows.at(row, column)))).toEqual([
    ["a", 1, 0.5],
    [null, "9007199254740993", 2],
  ]);
});

test("a column is as wide as its first rows need, within bounds", () => {
  const at = (_: number, column: number) => (column === 0 ? 1 : "x".repeat(column * 20));
  expect(
    widthsOf(
      [
        { name: "n", isNumber: true },
        { name: "t", isNumber: false },
        { name: "long", isNumber: false },
      ].map((column) => column),
      { length: 3, at },
    ),
  ).toEqual([64, 174, 322]);
});
