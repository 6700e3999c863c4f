import { expect, test } from "vitest";
import { eachOf, told } from "./bulk";

test("each is done once, in any order, and one that fails does not hold up the others", async () => {
  const seen: string[] = [];
  const results = await eachOf(["a", "b", "c", "d", "e", "f"], (id) => {
    seen.push(id);
    return id === "b" ? Promise.reject(new Error("no right")) : Promise.resolve({ changed: id !== "c", message: null });
  });
  expect(seen.sort()).toEqual(["a", "b", "c", "d", "e", "f"]);
  expect(results[1]).toBeInstanceOf(Error);
  expect(told("deleted", results)).toBe("4 runs deleted, 1 unchanged, 1 not: no right");
});
