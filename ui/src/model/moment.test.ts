import { expect, test } from "vitest";
import { fieldOf, isMoment, isPin, momentOf, momentOfField, pinOf, pinTold } from "./moment";

test("a moment goes into the field for local time and comes back, whatever the zone", () => {
  for (const moment of ["2026-01-01T00:00:00Z", "2026-07-01T23:59:59Z", "2026-03-29T01:30:00Z"])
    expect(momentOfField(fieldOf(moment))).toBe(moment);
  expect(momentOf(new Date(0))).toBe("1970-01-01T00:00:00Z");
});

test("an address is pinned to a moment or to a position of the log", () => {
  expect([pinOf(4711), "2026-01-01T00:00:00Z"].map(isPin)).toEqual([true, true]);
  expect(["lsn:0", "lsn:", "lsn:1.5", "lsn:-3", "4711", 4711, undefined].map(isPin)).toEqual(Array(7).fill(false));
  expect(pinTold(pinOf(4711))).toBe("at position 4711 of the log");
  expect(pinTold("2026-01-01T00:00:00Z")).toMatch(/^on .*202\d/);
});

test("what is no moment is none", () => {
  expect(["", "x", "2026-13-01T00:00:00Z", "2026-01-01", null, 5].map(isMoment)).toEqual(Array(6).fill(false));
  expect([momentOfField(""), momentOfField("soon")]).toEqual([null, null]);
});
