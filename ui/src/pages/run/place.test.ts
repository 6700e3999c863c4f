import { expect, test } from "vitest";
import { placeOf } from "./place";

const began = new Date(2026, 10, 27, 13, 24, 30).toISOString();
const local = (...parts: [number, number, number, number, number, number]) => ({
  time: new Date(...parts).toISOString(),
});

test("a number is a line, counted from one", () => {
  expect(["1", " 250 ", "0"].map((typed) => placeOf(typed, began))).toEqual([{ line: 0 }, { line: 249 }, { line: 0 }]);
});

test("a time without a day is of the day that the run began, or of the next", () => {
  expect(placeOf("14:05", began)).toEqual(local(2026, 10, 27, 14, 5, 0));
  expect(placeOf("13:24", began)).toEqual(local(2026, 10, 27, 13, 24, 0));
  expect(placeOf("13:24:45", began)).toEqual(local(2026, 10, 27, 13, 24, 45));
  expect(placeOf("9:00", began)).toEqual(local(2026, 10, 28, 9, 0, 0));
  expect(placeOf("2026-11-28 01:02", began)).toEqual(local(2026, 10, 28, 1, 2, 0));
});

test("what is neither leads nowhere", () => {
  expect(["", "soon", "25:00", "12:61", "1:2", "2026-99-99", "-4"].map((typed) => placeOf(typed, began))).toEqual(
    Array(7).fill(null),
  );
});
