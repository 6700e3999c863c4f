import { expect, test } from "vitest";
import { linearEnds, logEnds, withoutOutliers } from "./extent";
import { columnsOf } from "./plotColumns";

const rising = Array.from({ length: 101 }, (_, value) => value);

test("outliers are what lies below the 5th and above the 95th percentile of all lines", () => {
  expect(withoutOutliers([{ y: rising }], false)).toEqual([5, 95]);
  expect(withoutOutliers([{ y: [1, null, 2] }, { y: [3] }], false)).toEqual([1.1, 2.9]);
  expect(withoutOutliers([{ y: [-5, 0, 7] }], true)).toEqual([7, 7]);
  expect(withoutOutliers([{ y: [null] }], false)).toBeNull();
});

test("y ends where somebody says, else where lines do, with what is kept of them", () => {
  const ends = { min: null, max: null, kept: null };
  expect(linearEnds(ends, 0, 100)).toEqual([0, 106]);
  expect(linearEnds({ ...ends, kept: [0, 10] }, 0, 100)).toEqual([0, 10.6]);
  expect(linearEnds({ ...ends, min: -3, kept: [0, 10] }, 0, 100)).toEqual([-3, 10.6]);
  expect(logEnds(ends)).toBeNull();
  expect(logEnds({ ...ends, max: 5, kept: [0.1, 10] })).toEqual([0.1, 5]);
  expect(logEnds({ ...ends, kept: [2, 2] })).toBeNull();
});

test("a band does not widen y, what was logged behind a smoothed line does", () => {
  const line = { label: "", color: "#000000", x: [0, 1], y: [1, 2], raw: [0, 3] };
  const known = { mean: [], deviation: [], low: [], high: [] };
  const { series } = columnsOf([{ ...line, known, band: { low: [-50, -50], high: [50, 50] } }], false, false);
  expect(series.map(({ auto }) => auto ?? true)).toEqual([false, false, true, true]);
});
