import { describe, expect, test } from "vitest";
import { counted, formatAgo, formatBytes, formatNumber, formatSpan } from "./format";

describe("numbers", () => {
  test.each([
    [0, "0"],
    [7, "7"],
    [-3, "−3"],
    [1_234_567, "1,234,567"],
    [0.1, "0.1"],
    [0.201_865_467_6, "0.20187"],
    [1234.5678, "1,234.6"],
    [0.000_012_3, "1.23e-5"],
    [6.666_666e-6, "6.667e-6"],
    [1.5e12 + 0.5, "1.5e12"],
    [-0.25, "−0.25"],
    [1e15, "1e15"],
    [NaN, "NaN"],
    [-Infinity, "−∞"],
    [0.1 + 0.2, "0.3"],
  ])("%d is read as %s", (value, shown) => {
    expect(formatNumber(value)).toBe(shown);
  });
});

test("spans are two units at most", () => {
  expect([0, 0.004, 4.287, 59.6, 60, 125, 3600, 93_784].map(formatSpan)).toEqual([
    "0s",
    "4ms",
    "4.3s",
    "1m",
    "1m",
    "2m 5s",
    "1h",
    "1d 2h",
  ]);
});

test("sizes are in the unit that keeps them short", () => {
  expect([0, 1023, 1024, 1_500_000, 5e12].map(formatBytes)).toEqual(["0 B", "1023 B", "1 KiB", "1.43 MiB", "4.55 TiB"]);
});

test("moments are told from now, and old ones as a date", () => {
  const now = Date.parse("2026-11-27T12:00:00Z");
  const ago = (moment: string) => formatAgo(moment, now);
  expect(ago("2026-11-27T11:59:55Z")).toBe("now");
  expect(ago("2026-11-27T11:59:20Z")).toBe("40 s ago");
  expect(ago("2026-11-27T11:15:00Z")).toBe("45 min ago");
  expect(ago("2026-11-27T02:00:00Z")).toBe("10 h ago");
  expect(ago("2026-11-26T02:00:00Z")).toBe("1 day ago");
  expect(ago("2026-01-02T02:00:00Z")).toBe("2026-01-02");
});

test("one is told from many", () => {
  expect([counted(1, "run"), counted(0, "run"), counted(12_000, "run")]).toEqual(["1 run", "0 runs", "12,000 runs"]);
});
