import { expect, test } from "vitest";
import { align, nearest, positive, spread, yRange } from "./align";

test("few x stand as they are, and each line knows where its points are", () => {
  const aligned = align([{ x: [0, 2, 4] }, { x: [1, 2] }]);
  expect(aligned).toEqual({
    x: [0, 1, 2, 4],
    at: [
      [0, 2, 3],
      [1, 2],
    ],
  });
  expect(spread([5, null, 7], aligned.at[0] ?? [], 4)).toEqual([5, undefined, null, 7]);
});

test("many x are taken together, and the last point of a place counts", () => {
  const x = Array.from({ length: 100 }, (_, step) => step);
  const { x: places, at } = align([{ x }, { x: [0.5, 99] }], 20);
  expect(places).toHaveLength(10);
  expect([places[0], places.at(-1)]).toEqual([0, 99]);
  expect([at[0]?.[0], at[0]?.[99], at[1]]).toEqual([0, 9, [0, 9]]);
  expect(spread(x, at[0] ?? [], 10)[9]).toBe(99);
});

test("y begins at nothing where that does not squeeze the lines", () => {
  expect(yRange(0.2, 2)[0]).toBe(0);
  expect(yRange(0.95, 1)[0]).toBeCloseTo(0.947);
  expect(yRange(-1, 1)[0]).toBeLessThan(-1);
  expect([yRange(0, 0), yRange(5, 5)]).toEqual([
    [-1, 1],
    [4.5, 5.5],
  ]);
});

test("a logarithm shows what is above nothing", () => {
  expect(positive([1, 0, -2, null])).toEqual([1, null, null, null]);
});

test("the nearest value is found where the line goes on, and none where it is over", () => {
  const values = [1, undefined, undefined, null, 5, undefined];
  expect([0, 1, 3, 4, 5].map((at) => nearest(values, at, 4))).toEqual([0, 0, 4, 4, null]);
  expect(nearest(values, 2, 1)).toBeNull();
});
