import { expect, test } from "vitest";
import { keysFound, machineSections, sectionsOf } from "./sections";

test("metrics stand in sections by what is before the first slash, those without first", () => {
  expect(sectionsOf(["val/acc", "loss", "train/b/c", "train/loss10", "train/loss2"])).toEqual([
    { name: "Charts", keys: ["loss"] },
    { name: "train", keys: ["train/b/c", "train/loss2", "train/loss10"] },
    { name: "val", keys: ["val/acc"] },
  ]);
});

test("metrics of the machine stand by what they measure", () => {
  const keys = [
    "system.cpu",
    "system.gpu.0.temp",
    "system.proc.memory.rssMB",
    "system.memory_percent",
    "system.disk./.usageGB",
    "system.odd",
    "system.proc.cpu.threads",
  ];
  expect(machineSections(keys).map(({ name, keys: of }) => [name, of.length])).toEqual([
    ["GPU", 1],
    ["CPU", 1],
    ["Memory", 2],
    ["Disk", 1],
    ["Process", 1],
    ["Other", 1],
  ]);
});

test("keys are found by a part of their name or by a regular expression", () => {
  const keys = ["train/loss", "val/loss", "val/acc("];
  expect(keysFound(keys, "LOSS")).toEqual(["train/loss", "val/loss"]);
  expect(keysFound(keys, "^val")).toEqual(["val/loss", "val/acc("]);
  expect(keysFound(keys, "acc(")).toEqual(["val/acc("]);
});
