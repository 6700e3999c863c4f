import { expect, test } from "vitest";
import { branches, pruned } from "./leaves";

const value = { lr: 0.1, optimizer: { name: "adam", betas: [0.9, 0.999] }, empty: {}, _wandb: { cli: 1 } };

test("nested values are branches, lists and empty ones leaves, and the client's own are left out", () => {
  const found = branches(value);
  expect(found.map(({ path, parts }) => [path, parts?.map(({ path: inner }) => inner) ?? null])).toEqual([
    ["lr", null],
    ["optimizer", ["optimizer.name", "optimizer.betas"]],
    ["empty", null],
  ]);
  expect(branches([1])).toEqual([]);
});

test("a search keeps the leaves that fit by path or value, with what leads there", () => {
  const found = (typed: string) => pruned(branches(value), typed).map(({ path, parts }) => [path, parts?.length ?? 0]);
  expect(found("ADAM")).toEqual([["optimizer", 1]]);
  expect(found("optim")).toEqual([["optimizer", 2]]);
  expect(found("0.1")).toEqual([["lr", 0]]);
  expect(found("none of it")).toEqual([]);
});
