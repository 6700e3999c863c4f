import { expect, test } from "vitest";
import { columnsOf } from "./columns";
import { suggestions, wanted } from "./suggest";

const columns = columnsOf([
  { space: "config", key: "lr", type: "float" },
  { space: "summary", key: "val/acc", type: "float" },
]);
const at = (text: string) => wanted(text, text.length);

test.each([
  ["", "column", ""],
  ["sta", "column", "sta"],
  ["(", "column", ""],
  ["state ", "operator", ""],
  ["state =", "value", ""],
  ["state = Fin", "value", "Fin"],
  ["state = Finished ", "joint", ""],
  ["state = Finished and ", "column", ""],
  ["name not con", "operator", "con"],
  ["tags in [a, ", "value", ""],
  ['summary."val/acc" ', "operator", ""],
  ["config.lr is null ", "joint", ""],
])("behind %j a %s is wanted", (text, what, typed) => {
  expect(at(text)).toMatchObject({ what, typed });
});

test("columns are spelled as the server reads them, operators fit the kind, values are quoted where needed", () => {
  expect(suggestions(at("acc"), columns, [])[0]).toMatchObject({ text: 'summary."val/acc"', label: "summary.val/acc" });
  expect(suggestions(at("config.lr "), columns, []).map(({ text }) => text)).not.toContain("contains");
  expect(suggestions(at("created_at w"), columns, []).map(({ text }) => text)).toEqual(["within"]);
  expect(suggestions(at("tags = "), columns, [["a b", "c"], ["c"], null]).map(({ text }) => text)).toEqual([
    "'a b'",
    "c",
  ]);
});
