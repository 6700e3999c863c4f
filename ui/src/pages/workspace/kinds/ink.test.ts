import { expect, test } from "vitest";
import { inkOf } from "./ink";

const runs = [0.1, 0.3, null].map((lr, place) => ({
  id: String(place),
  name: String(place),
  place,
  values: { lr, opt: place === 1 ? "sgd" : "adam" },
}));

test("runs have colours of their own, shades of a number, or one for each category", () => {
  const colors = (column?: string) => {
    const ink = inkOf(runs, column, "light");
    return [runs.map((run) => ink.of(run)), ink.legend.map(({ label }) => label)] as const;
  };
  expect(new Set(colors()[0]).size).toBe(3);
  const [shades, ends] = colors("lr");
  expect(shades).toEqual(["hsl(210 70% 42%)", "hsl(380 70% 42%)", "#8b918e"]);
  expect(ends).toEqual(["0.1", "0.2", "0.3"]);
  const [categories, names] = colors("opt");
  expect([categories[0] === categories[2], categories[0] === categories[1], names]).toEqual([
    true,
    false,
    ["adam", "sgd"],
  ]);
});
