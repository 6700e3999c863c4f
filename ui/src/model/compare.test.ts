import { expect, test } from "vitest";
import type { Row } from "../api/read";
import { compared, searchedFacts } from "./compare";
import { deltaOf, formatDelta } from "./delta";

const runs: Row[] = [
  {
    state: "Finished",
    host: "a",
    config: { opt: { name: "adam", betas: [0.9] }, lr: 0.1, _wandb: {} },
    summary: { loss: 1, _step: 3 },
  },
  { state: "Finished", host: "b", config: { opt: { name: "sgd" }, lr: 0.1 }, summary: { loss: null } },
];

test("facts of runs stand beside each other by their paths, without what the client keeps for itself", () => {
  const facts = compared(runs).map(({ space, key, values, differs }) => [`${space}.${key}`, values, differs]);
  expect(facts).toEqual([
    ["run.state", ["Finished", "Finished"], false],
    ["run.host", ["a", "b"], true],
    ["config.lr", [0.1, 0.1], false],
    ["config.opt.betas", [[0.9], undefined], true],
    ["config.opt.name", ["adam", "sgd"], true],
    ["summary.loss", [1, null], true],
  ]);
});

test("facts are found by name or value, and those alike are left out when asked to", () => {
  const keys = (typed: string, onlyDifferent: boolean) =>
    searchedFacts(compared(runs), typed, onlyDifferent).map(({ key }) => key);
  expect(keys("", true)).toEqual(["host", "opt.betas", "opt.name", "loss"]);
  expect([keys("SGD", false), keys("config.l", false), keys("config.l", true)]).toEqual([["opt.name"], ["lr"], []]);
});

test("differences have a sign, and only numbers have them", () => {
  expect([deltaOf(1.5, 1), deltaOf("1", 1), deltaOf(1, null), deltaOf(Infinity, 1)]).toEqual([0.5, null, null, null]);
  expect([0, 0.1 + 0.2 - 0.3 + 1, -2].map((delta) => formatDelta(delta))).toEqual(["±0", "+1", "−2"]);
});
