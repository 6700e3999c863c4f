import { expect, test } from "vitest";
import type { Condition } from "./joinedTable";
import { byClass, fitting, joined, numericColumns, withinBytes } from "./joinedTable";

const first = {
  columns: ["kind", "height"],
  rows: [
    ["rose", 1],
    ["lily", 4],
    ["rose", 3],
  ],
};
const second = {
  columns: ["height", "kind", "note"],
  rows: [
    [10, "rose", "tall"],
    [null, "tulip", null],
  ],
};
const both = joined([
  { run: "a", table: first },
  { run: "b", table: second },
]).table;

test("tables are joined by the names of their columns, behind the run", () => {
  expect(both.columns).toEqual(["run", "kind", "height", "note"]);
  expect(both.rows).toEqual([
    ["a", "rose", 1, null],
    ["a", "lily", 4, null],
    ["a", "rose", 3, null],
    ["b", "rose", 10, "tall"],
    ["b", "tulip", null, null],
  ]);
  expect(joined([{ run: "a", table: { columns: ["run"], rows: [["x"]] } }]).table).toEqual({
    columns: ["run′", "run"],
    rows: [["a", "x"]],
  });
});

test("rows and bytes have bounds, and what is beyond them is counted", () => {
  const cut = joined(
    [
      { run: "a", table: first },
      { run: "b", table: second },
    ],
    4,
  );
  expect([cut.table.rows.length, cut.left]).toEqual([4, 1]);
  expect(
    joined(
      [
        { run: "a", table: first },
        { run: "b", table: second },
      ],
      2,
    ).left,
  ).toBe(3);
  expect(joined([], 2)).toEqual({ table: { columns: ["run"], rows: [] }, left: 0 });
  const sized = [{ bytes: 5 }, { bytes: 5 }, { bytes: 1 }];
  expect([11, 10, 4].map((max) => withinBytes(sized, max))).toEqual([3, 2, 0]);
});

test("conditions compare numbers with numbers and texts with texts; what is missing fits ≠ alone", () => {
  const heights = (...conditions: Condition[]) => fitting(both, conditions).rows.map((row) => row[2]);
  expect(heights(["height", ">", "1"])).toEqual([4, 3, 10]);
  expect(heights(["height", "=", "10.0"])).toEqual([10]);
  expect(heights(["height", "≠", "10"])).toEqual([1, 4, 3, null]);
  expect(heights(["height", "=", "x"])).toEqual([]);
  expect(heights(["height", "≤", "3"], ["kind", "=", "rose"])).toEqual([1, 3]);
  expect(heights(["kind", "contains", "LI"], ["run", "=", "a"])).toEqual([4]);
  expect(heights(["height", "=", " "]).length).toBe(5);
  expect([heights(["never", "=", "1"]), heights(["never", "≠", "1"]).length]).toEqual([[], 5]);
});

test("classes are compared: rows and means of each run, those of a class beside each other", () => {
  expect(numericColumns(both)).toEqual([2]);
  expect(byClass(both, "kind")).toEqual({
    columns: ["kind", "run", "rows", "mean of height"],
    rows: [
      ["lily", "a", 1, 4],
      ["rose", "a", 2, 2],
      ["rose", "b", 1, 10],
      ["tulip", "b", 1, null],
    ],
  });
  expect(byClass(both, "never")).toBe(both);
});
