import { expect, test } from "vitest";
import type { RunValues } from "./plots";
import { aggregated, barsOf, binsOf, decades, importances, pearson } from "./plots";

const run = (id: string, values: RunValues["values"], name = id): RunValues => ({ id, name, place: 0, values });

test("runs are taken together by mean, least, greatest, median and sum", () => {
  const values = [4, 1, 3, 2];
  expect((["mean", "min", "max", "median", "sum"] as const).map((how) => aggregated(values, how))).toEqual([
    2.5, 1, 4, 2.5, 10,
  ]);
  expect([aggregated([5, 1, 3], "median"), aggregated([], "mean")]).toEqual([3, null]);
});

test("bars are of runs or of groups, the greatest first, and runs without the value have none", () => {
  const runs = [
    run("a", { "summary.loss": 1, "config.opt": "adam" }, "same"),
    run("b", { "summary.loss": 3, "config.opt": "adam" }, "same"),
    run("c", { "summary.loss": 4, "config.opt": null }),
    run("d", { "summary.loss": "NaN", "config.opt": "adam" }),
  ];
  const bars = (group?: string) =>
    barsOf(runs, "summary.loss", group, undefined, "mean").map(({ label, value, count }) => [label, value, count]);
  expect(bars()).toEqual([
    ["c", 4, 1],
    ["same", 3, 1],
    ["same", 1, 1],
  ]);
  expect(bars("config.opt")).toEqual([
    ["none", 4, 1],
    ["adam", 2, 2],
  ]);
  expect(barsOf(runs, "summary.loss", "config.opt", "name", "max")[1]).toMatchObject({ low: 1, high: 3, value: 3 });
});

test("each value is in one bin, the greatest in the last", () => {
  expect(binsOf([0, 1, 2, 3, 4], 2)).toEqual([
    { from: 0, to: 2, count: 2 },
    { from: 2, to: 4, count: 3 },
  ]);
  expect([binsOf([], 5), binsOf([7, 7], 5)]).toEqual([[], [{ from: 6.5, to: 7.5, count: 2 }]]);
  const many = binsOf(
    Array.from({ length: 1000 }, (_, at) => at / 7),
    13,
  );
  expect(many.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
});

test("correlation is one of what rises alike, and none of what never changes", () => {
  expect(
    pearson([
      [1, 10],
      [2, 20],
      [3, 30],
    ]),
  ).toBeCloseTo(1);
  expect(
    pearson([
      [1, 3],
      [2, 2],
      [3, 1],
    ]),
  ).toBeCloseTo(-1);
  expect(
    pearson([
      [1, 1],
      [2, 4],
      [3, 9],
      [4, 16],
    ]),
  ).toBeCloseTo(0.98437, 4);
  const constant = [0.1, 0.1, 0.1].map((x, at): [number, number] => [x, at]);
  expect([constant, [[1, 1]], []].map((pairs) => pearson(pairs as [number, number][]))).toEqual([null, null, null]);
});

test("parameters stand by the strength of their correlation, over the runs that have both", () => {
  const runs = [0.1, 0.2, 0.3, 0.4].map((lr, at) =>
    run(String(at), { lr, seed: at % 2, on: at > 1, fixed: 1, text: "a", loss: at === 3 ? null : -lr }),
  );
  const found = importances(runs, "loss", ["lr", "seed", "on", "fixed", "text"]);
  expect(found.map(({ column, count }) => [column, count])).toEqual([
    ["lr", 3],
    ["on", 3],
    ["seed", 3],
  ]);
  expect(found[0]?.correlation).toBeCloseTo(-1);
});

test("a logarithmic axis has a few round numbers, however far it goes", () => {
  expect(decades([0.01, 0.3])).toEqual([0.01, 0.02, 0.05, 0.1, 0.2]);
  expect(decades([1e-6, 1])).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1]);
  expect(decades([1e-30, 1e30]).length).toBeLessThan(10);
  expect([decades([]), decades([0, 1]), decades([5])]).toEqual([[], [], [5]]);
});
