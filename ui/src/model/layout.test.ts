import { expect, test } from "vitest";
import { columnsOf } from "./columns";
import type { Layout } from "./layout";
import { move, nudge, pin, place, resize, show } from "./layout";

const columns = columnsOf([
  { space: "config", key: "lr", type: "float" },
  { space: "summary", key: "loss", type: "float" },
]);
const base: Layout = { cols: ["state", "config.lr", "summary.loss"] };
const stands = (layout: Layout) => {
  const { pinned, scrolled } = place(columns, layout);
  return [pinned.map(({ id }) => id), scrolled.map(({ id }) => id)];
};

test("name stands first whatever is pinned, and unknown columns are left out", () => {
  expect(stands({ cols: ["config.gone", "state"], pin: ["summary.loss", "name"] })).toEqual([
    ["name", "summary.loss"],
    ["state"],
  ]);
});

test("columns are hidden and shown several at once", () => {
  const hidden = show(columns, base, ["state", "config.lr"], false);
  expect(stands(hidden)).toEqual([["name"], ["summary.loss"]]);
  expect(stands(show(columns, hidden, ["host", "state"], true))).toEqual([["name"], ["summary.loss", "host", "state"]]);
});

test("a pinned column stands beside the name and comes back in front", () => {
  const pinned = pin(columns, base, ["summary.loss"], true);
  expect(stands(pinned)).toEqual([
    ["name", "summary.loss"],
    ["state", "config.lr"],
  ]);
  expect(stands(pin(columns, pinned, ["summary.loss"], false))).toEqual([
    ["name"],
    ["summary.loss", "state", "config.lr"],
  ]);
});

test("a column moves to where another stands, also across the pinned edge", () => {
  expect(stands(move(columns, base, "summary.loss", "state"))).toEqual([
    ["name"],
    ["summary.loss", "state", "config.lr"],
  ]);
  expect(stands(move(columns, base, "state", "summary.loss"))).toEqual([
    ["name"],
    ["config.lr", "summary.loss", "state"],
  ]);
  const pinned = pin(columns, base, ["summary.loss"], true);
  expect(stands(move(columns, pinned, "state", "summary.loss"))).toEqual([
    ["name", "state", "summary.loss"],
    ["config.lr"],
  ]);
  expect(move(columns, base, "name", "state")).toBe(base);
});

test("a column is moved by keys, and stays at the ends", () => {
  expect(stands(nudge(columns, base, "config.lr", 1))[1]).toEqual(["state", "summary.loss", "config.lr"]);
  expect(nudge(columns, base, "state", -1)).toBe(base);
});

test("widths stay within bounds", () => {
  expect(place(columns, resize(base, "state", 3)).scrolled[0]?.width).toBe(48);
  expect(place(columns, resize(base, "state", 200.4)).scrolled[0]?.width).toBe(200);
});
