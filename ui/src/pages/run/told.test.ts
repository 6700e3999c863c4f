import { expect, test } from "vitest";
import { told } from "./told";

test("events are told in a sentence", () => {
  expect(told({ kind: "StateChanged", body: { from: "Running", to: "Failed", evidence: "exit code 1" } })).toBe(
    "Running → Failed: exit code 1",
  );
  expect(
    told({
      kind: "ConfigChanged",
      body: {
        removed: [],
        set: [
          { path: ["optimizer", "name"], value: 1 },
          { path: ["_wandb"], value: {} },
        ],
      },
    }),
  ).toBe("Config: optimizer.name");
  expect(
    told({
      kind: "SummaryChanged",
      body: { set: ["a", "b", "c", "d", "e", "f"].map((key) => ({ path: [key], value: 1 })) },
    }),
  ).toBe("Summary: a, b, c, d and 2 more");
  expect(told({ kind: "RunChanged", body: { notes: "x", tags: [] } })).toBe("Changed notes, tags");
  expect(told({ kind: "Logged", body: { rows: 1 } })).toBe("Logged 1 row");
  expect(told({ kind: "SomethingNew", body: null })).toBe("SomethingNew");
});
