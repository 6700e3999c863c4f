import { expect, test } from "vitest";
import { lookOf, readLooks, withLook } from "./lineLooks";
import { readPanel } from "./panel";

test("what a run's lines are said to be goes before what a metric's are, and that before all", () => {
  const looks = {
    "*": { width: 2, dash: "dotted" },
    "metric:val/loss": { dash: "dashed", color: "#112233" },
    "run:a": { color: "#445566" },
    "group:sgd": { mark: "square" },
  } as const;
  expect(lookOf(looks, { run: "a", group: null, key: "val/loss" })).toEqual({
    width: 2,
    dash: "dashed",
    color: "#445566",
  });
  expect(lookOf(looks, { run: "b", group: null, key: "lr" })).toEqual({ width: 2, dash: "dotted" });
  expect(lookOf(looks, { run: "", group: "sgd", key: "lr" })).toEqual({ width: 2, dash: "dotted", mark: "square" });
});

test("looks from outside are taken member by member, and what is odd is left out", () => {
  const read = readLooks({
    "*": { color: "red; background: url(x)", width: 99, dash: "wavy", mark: "circle" },
    "metric:a": { color: "#aAbBcC", width: "2" },
    "metric:": { width: 1 },
    other: { width: 1 },
    "run:a": null,
    "run:b": { width: NaN },
  });
  expect(read).toEqual({ "*": { width: 8, mark: "circle" }, "metric:a": { color: "#aAbBcC" } });
  expect([readLooks(null), readLooks([1]), readLooks("*"), readLooks({})]).toEqual(Array(4).fill(undefined));
  expect(readPanel({ kind: "line", shape: "area", looks: { "*": { width: 3 } } })).toEqual({
    kind: "line",
    shape: "area",
    looks: { "*": { width: 3 } },
  });
  expect(readPanel({ kind: "line", shape: "round", looks: 7 })).toEqual({ kind: "line" });
});

test("a look that says nothing any more is gone", () => {
  const looks = withLook(undefined, "run:a", { width: 3 });
  expect(looks).toEqual({ "run:a": { width: 3 } });
  expect(withLook(looks, "*", { dash: "dotted" })).toEqual({ "run:a": { width: 3 }, "*": { dash: "dotted" } });
  expect(withLook(looks, "run:a", { width: undefined })).toBeUndefined();
});
