import { expect, test } from "vitest";
import { automaticPanel, expressionsOf, metricsOf, panelId, readPanel, titleOf } from "./panel";

const ALL = ["lr", "train/acc", "train/loss", "val/loss"];

test("metrics are those that are named, then those that the expression finds, each once", () => {
  expect(metricsOf({ kind: "line", keys: ["val/loss"], match: "loss$" }, ALL)).toEqual(["val/loss", "train/loss"]);
  expect(metricsOf({ kind: "line", keys: ["never"] }, ALL)).toEqual(["never"]);
  expect(metricsOf({ kind: "line", match: "(" }, ALL)).toEqual([]);
});

test("a panel without a title is called by what it shows", () => {
  expect(titleOf({ kind: "line", keys: ["a", "b"], match: "loss" })).toBe("a, b, /loss/");
  expect(titleOf({ kind: "bar", keys: ["summary.val/acc"] })).toBe("val/acc");
  expect(titleOf({ kind: "scatter", x: "config.lr", y: "summary.loss" })).toBe("summary.loss over config.lr");
  expect(titleOf({ kind: "markdown", text: "text\n## Why\nmore" })).toBe("Why");
  expect(titleOf({ kind: "parallel", keys: ["config.lr"], title: "All" })).toBe("All");
});

test("expressions are drawn each once, without blanks and without what is a metric of the panel already", () => {
  const expressions = [" loss / 2", "", "lr", "loss / 2", '"val/acc" - acc '];
  expect(expressionsOf({ kind: "line", expressions }, ["lr"])).toEqual(["loss / 2", '"val/acc" - acc']);
  expect(expressionsOf({ kind: "line" }, [])).toEqual([]);
  const many = Array.from({ length: 99 }, (_, place) => `m${place}`);
  expect(expressionsOf({ kind: "line", expressions }, many)).toEqual(["loss / 2"]);
  expect(titleOf({ kind: "line", keys: ["lr"], expressions })).toBe('lr, loss / 2, "val/acc" - acc');
});

test("a panel from outside keeps its expressions, and one of before has none", () => {
  expect(readPanel({ kind: "line", expressions: ["a + b", 7], xExpression: "_step * 2" })).toEqual({
    kind: "line",
    expressions: ["a + b"],
    xExpression: "_step * 2",
  });
  expect(readPanel({ kind: "line", keys: ["loss"] })).toEqual({ kind: "line", keys: ["loss"] });
});

test("what else was logged has a panel by itself, told by its id", () => {
  expect(automaticPanel("loss")).toEqual({ kind: "line", keys: ["loss"] });
  expect(automaticPanel(panelId("media", "a:b"))).toEqual({ kind: "media", keys: ["a:b"] });
  expect(automaticPanel(panelId("table", "plants"))).toEqual({ kind: "table", keys: ["plants"] });
});

test("conditions of a table are read one by one, and odd ones are left out", () => {
  const where = [["height", ">", "3"], ["height", "like", "3"], ["height", "=", 3], "height", ["kind", "=", ""]];
  expect(readPanel({ kind: "table", sort: "-height", where })).toEqual({
    kind: "table",
    sort: "-height",
    where: [
      ["height", ">", "3"],
      ["kind", "=", ""],
    ],
  });
  expect(readPanel({ kind: "table", where: "all" })).toEqual({ kind: "table" });
});
