import { expect, test } from "vitest";
import type { NamedLine } from "./lineNames";
import {
  columnsIn,
  labelOf,
  metricNames,
  pointLabelOf,
  readTemplate,
  tells,
  tellsPoints,
  unknownIn,
} from "./lineNames";

const VALUES: Record<string, string> = {
  run_id: "k3v9",
  state: "Finished",
  "config.lr": "0.1",
  "summary.val/acc": "0.9",
};
const line: NamedLine = {
  name: "adam-0.1",
  group: null,
  metric: "acc",
  value: (column) => VALUES[column] ?? "",
};
const label = (written: string, of: Partial<NamedLine> = {}) => labelOf(readTemplate(written), { ...line, ...of });

test("the first group that catches something names the metrics that the expression finds, not those that are named", () => {
  const metrics = ["val/acc", "val/loss", "train/loss", "lr"];
  const names = (match: string, keys?: string[]) => [...metricNames({ kind: "line", match, keys }, metrics)];
  expect(names("^VAL/(.+)$")).toEqual([
    ["val/acc", "acc"],
    ["val/loss", "loss"],
  ]);
  expect(names("^(?:val/(acc)|train/(?<name>.*))", ["val/acc"])).toEqual([["train/loss", "loss"]]);
  expect(names("^val/")).toEqual([]);
  expect(names("(")).toEqual([]);
  expect(names("^val/(x?)")).toEqual([]);
});

test("a template shows values of the run, its config and its summary", () => {
  expect(label("${run:displayName} (${run:id}) at ${config:lr}: ${summary:val/acc}")).toBe(
    "adam-0.1 (k3v9) at 0.1: 0.9",
  );
  expect(label("${metric} ${run:state} ${config:none} end")).toBe("acc Finished end");
  expect(label("${group}", { group: "sgd" })).toBe("sgd");
  expect(label("costs $5 [x] ${")).toBe("costs $5 [x] ${");
  expect(
    columnsIn(
      readTemplate("${run:displayName} ${run:id} ${run:createdAt} ${config:lr} ${summary:val/acc} ${config:lr}"),
    ),
  ).toEqual(["created_at", "config.lr", "summary.val/acc"]);
});

test("what stands in two brackets is told at the crosshair alone", () => {
  const template = readTemplate(
    "${run:displayName} [[ $x: $y was $original, $mean ± $stddev of $min-$max $yes ${config:lr}]]",
  );
  const point = { x: "10", y: "1", original: "2", mean: "3", stddev: "4", min: "5", max: "6" };
  expect(labelOf(template, line)).toBe("adam-0.1");
  expect(pointLabelOf(template, line, (name) => point[name])).toBe("adam-0.1 10: 1 was 2, 3 ± 4 of 5-6 $yes 0.1");
  expect([tellsPoints(template), tells(template, "max"), tells(readTemplate("[[ $y ]] $max"), "max")]).toEqual([
    true,
    true,
    false,
  ]);
  expect(tellsPoints(readTemplate("$y"))).toBe(false);
  expect(label("[[ $y ]]")).toBe("");
});

test("what a name says is not read as a template again", () => {
  const odd = { ...line, name: "[[ $y ]] ${config:lr}" };
  const template = readTemplate("${run:displayName} [[ $y ]]");
  expect(labelOf(template, odd)).toBe("[[ $y ]] ${config:lr}");
  expect(pointLabelOf(template, odd, () => "7")).toBe("[[ $y ]] ${config:lr} 7");
});

test("variables that mean nothing are told, and stand as they were written", () => {
  const unknown = (written: string) => unknownIn(readTemplate(written), ["name", "run_id", "state"]);
  expect(unknown("${run:state} ${run:displayName} ${config:any} ${metric} ${group}")).toEqual([]);
  expect(unknown("${run:colour} ${lr} [[ ${own:x} ]]")).toEqual(["${run:colour}", "${lr}", "${own:x}"]);
  expect(label("${lr}!")).toBe("${lr}!");
});
