import { expect, test } from "vitest";
import { write } from "./filter";
import { axisOf, brushed, crossing } from "./parallel";

const runs = [0.1, 0.3, null].map((lr, at) => ({
  id: String(at),
  name: String(at),
  place: at,
  values: { "config.lr": lr, "config.opt": at === 1 ? "sgd" : "adam", "config.n": 5 },
}));

test("an axis is of numbers or of categories, and a run without the value does not cross it", () => {
  const [lr, opt, n] = [axisOf(runs, "config.lr"), axisOf(runs, "config.opt"), axisOf(runs, "config.n")];
  expect(runs.map((run) => crossing(run, lr))).toEqual([0, 1, null]);
  expect(runs.map((run) => crossing(run, opt))).toEqual([0, 1, 0]);
  expect(runs.map((run) => crossing(run, n))).toEqual([0.5, 0.5, 0.5]);
  expect([lr.ticks.map(({ label }) => label), opt.categories]).toEqual([
    ["0.1", "0.2", "0.3"],
    ["adam", "sgd"],
  ]);
});

test("what is brushed is a filter", () => {
  const said = (axis: string, from: number, to: number) =>
    brushed(axisOf(runs, axis), from, to).map(write).join(" and ");
  expect(said("config.lr", 0.25, 1)).toBe("config.lr >= 0.15 and config.lr <= 0.3");
  expect(said("config.opt", 0.5, 1)).toBe("config.opt in [sgd]");
  expect(said("config.opt", 0.4, 0.6)).toBe("");
});
