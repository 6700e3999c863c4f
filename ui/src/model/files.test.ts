import { expect, test } from "vitest";
import { csvRows, folderOf, prettyJson, previewOf } from "./files";

const file = (name: string, kind = "text/plain", size = 10) => ({ name, kind, size, updatedAt: null });

test("files stand in the folders that their names say", () => {
  const root = folderOf([file("a.txt"), file("media/images/x.png"), file("media/y.json")]);
  expect([
    root.files.length,
    root.folders[0]?.name,
    root.folders[0]?.files.length,
    root.folders[0]?.folders[0]?.files[0]?.name,
  ]).toEqual([1, "media", 1, "media/images/x.png"]);
});

test("only what runs nothing is shown, and texts only up to a size", () => {
  expect([
    previewOf(file("x.png", "image/png")),
    previewOf(file("x.svg", "image/svg+xml")),
    previewOf(file("x.html", "text/html")),
    previewOf(file("x.json", "application/json")),
    previewOf(file("x.csv", "text/csv")),
    previewOf(file("x.bin", "application/octet-stream")),
    previewOf(file("big.txt", "text/plain", 2 << 20)),
    previewOf(file("x.wav", "audio/x-wav")),
  ]).toEqual(["image", "text", "text", "json", "csv", "none", "none", "audio"]);
});

test("comma-separated values are read with quotes and both ends of line", () => {
  expect(csvRows('a,b\r\n1,"x, ""y"""\n,\n', 10)).toEqual([
    ["a", "b"],
    ["1", 'x, "y"'],
    ["", ""],
  ]);
  expect(csvRows("a\nb\nc", 2)).toEqual([["a"], ["b"]]);
});

test("what is no JSON stays as it is", () => {
  expect([prettyJson('{"a":1}'), prettyJson("NaN")]).toEqual(['{\n  "a": 1\n}', "NaN"]);
});
