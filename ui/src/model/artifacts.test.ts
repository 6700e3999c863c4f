import { expect, test } from "vitest";
import { byKind, kindOf, refersTo, versionNamed } from "./artifacts";

test("the end of a name says what kind a file is, and nothing else does", () => {
  expect(["a/b.PNG", "x.table.json", "png", "weights.bin", "v1.0/readme"].map(kindOf)).toEqual([
    "image/png",
    "application/json",
    "",
    "",
    "",
  ]);
});

test("a file refers elsewhere unless its address is one that this server signed", () => {
  const signed = `http://127.0.0.1:80/files/WyJHZXQi.${"a".repeat(43)}`;
  expect(refersTo(signed)).toBeUndefined();
  expect(refersTo(`${signed}/wandb_manifest.json`)).toBeUndefined();
  const elsewhere = ["s3://bucket/files/x", "https://example.org/files/huge.bin", "file:///data/x"];
  expect(elsewhere.map(refersTo)).toEqual(elsewhere);
});

test("collections stand by their types, narrowed by name or type", () => {
  const all = [
    { name: "flowers", kind: "dataset" },
    { name: "net", kind: "model" },
    { name: "birds", kind: "dataset" },
  ];
  expect(byKind(all, "").map(({ kind, collections }) => [kind, collections.length])).toEqual([
    ["dataset", 2],
    ["model", 1],
  ]);
  expect(byKind(all, " MODEL").map(({ kind }) => kind)).toEqual(["model"]);
  expect(byKind(all, "flo").map(({ collections }) => collections.map(({ name }) => name))).toEqual([["flowers"]]);
  expect(byKind(all, "fish")).toEqual([]);
});

test("a version is named by its number before any alias of the same name", () => {
  const all = [
    { version: "v1", aliases: ["latest", "v0"] },
    { version: "v0", aliases: ["best"] },
  ];
  expect(["v0", "latest", "best", "v7"].map((name) => versionNamed(all, name)?.version)).toEqual([
    "v0",
    "v1",
    "v0",
    undefined,
  ]);
});
