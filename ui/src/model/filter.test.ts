import { describe, expect, test } from "vitest";
import type { Condition } from "./filter";
import { EMPTY, equals, narrowed, parse, write } from "./filter";

describe("what the builder shows is written as it was", () => {
  test.each([
    "state = Finished",
    "state = Finished and config.lr <= 0.01",
    'summary."val/acc" > 0.9 or config.opt in [adam, sgd]',
    "(state = Failed or state = Crashed) and tags not in [draft]",
    "state = Failed or (name contains base and runtime > 60)",
    "notes is null and finished_at is not null",
    "created_at within 7 days and name matches '^gpu-[0-9]+$'",
    "name = '12' and config.n = 12 and config.note != 'it''s'",
    "name not contains old",
  ])("%s", (text) => {
    const filter = parse(text);
    expect(filter).not.toBeNull();
    expect(write(filter ?? EMPTY)).toBe(text);
  });
});

test("spellings of one thing are read alike", () => {
  expect(parse("summary['val/acc'] == 1")).toEqual(parse('summary."val/acc" = 1'));
  expect(parse("STATE = x AND y IN (1, 2)")?.of).toHaveLength(2);
  expect(parse("  ")).toEqual(EMPTY);
});

test.each(["not state = Failed", "state =", "(a = 1", "a = 'open", "a ! b", "a = null", "and = 1", "a within 3"])(
  "%s is left to the text",
  (text) => {
    expect(parse(text)).toBeNull();
  },
);

test("what is not whole is left out, and brackets only stand where they are needed", () => {
  const blank: Condition = { is: "condition", column: "", operator: "=", values: [] };
  const a = equals("a", 1);
  expect(write({ is: "all", of: [a, blank, { is: "any", of: [blank, equals("b", "x")] }] })).toBe("a = 1 and b = x");
  expect(write({ is: "any", of: [a, { is: "all", of: [a, a] }] })).toBe("a = 1 or (a = 1 and a = 1)");
});

test("a text is narrowed without changing what it meant", () => {
  const more = equals("config.lr", 0.1);
  expect(narrowed("", more)).toBe("config.lr = 0.1");
  expect(narrowed("state = Failed", more)).toBe("state = Failed and config.lr = 0.1");
  expect(narrowed("a = 1 or b = 2", more)).toBe("(a = 1 or b = 2) and config.lr = 0.1");
  expect(narrowed("not a = 1", more)).toBe("(not a = 1) and config.lr = 0.1");
});

test("a value of a run is written so that it means that value", () => {
  expect([null, "12", "adam w", true, 0.5, "it's"].map((value) => write(equals("config.k", value)))).toEqual([
    "config.k is null",
    "config.k = '12'",
    "config.k = 'adam w'",
    "config.k = true",
    "config.k = 0.5",
    "config.k = 'it''s'",
  ]);
});
