import { expect, test } from "vitest";
import { columnsOf, idOf, searched, shownAtFirst, spelled } from "./columns";

const columns = columnsOf([
  { space: "config", key: "learning_rate", type: "float" },
  { space: "config", key: "optimizer.name", type: "text" },
  { space: "summary", key: "val/acc", type: "float" },
  { space: "summary", key: "_step", type: "integer" },
  { space: "history", key: "val/acc", type: "float" },
]);

test("keys of config and summary are columns, and what the client keeps for itself is not shown", () => {
  const shown = shownAtFirst(columns);
  expect(shown.slice(0, 3)).toEqual(["name", "state", "tags"]);
  expect(shown.slice(-3)).toEqual(["config.learning_rate", "config.optimizer.name", "summary.val/acc"]);
  expect(columns.map(({ id }) => id)).toContain("summary._step");
});

test.each([
  ["name", "name"],
  ["config.learning_rate", "config.learning_rate"],
  ["config.optimizer.name", 'config."optimizer.name"'],
  ["summary.val/acc", 'summary."val/acc"'],
  ['config.a"b', 'config."a""b"'],
])("%s is spelled %s and read back", (id, spelling) => {
  expect(spelled(id)).toBe(spelling);
  expect(idOf(spelling)).toBe(id);
});

test("brackets and the client's name of the summary are read too", () => {
  expect(idOf("summary['val/acc']")).toBe("summary.val/acc");
  expect(idOf("summary_metrics.loss")).toBe("summary.loss");
});

test("a column is found by a part of its name, else by its letters in their order", () => {
  const found = (typed: string) => searched(columns, typed).map(({ id }) => id);
  expect(found("val")[0]).toBe("summary.val/acc");
  expect(found("optnm")).toEqual(["config.optimizer.name"]);
  expect(found("nothing like it")).toEqual([]);
});
