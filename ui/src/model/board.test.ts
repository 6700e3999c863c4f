import { expect, test } from "vitest";
import type { Board } from "./board";
import { add, change, found, move, nudge, placed, PLAIN, readBoard, remove, resize } from "./board";
import { panelId } from "./panel";
import { sectionsOf } from "./sections";

const automatic = sectionsOf(["lr", "train/acc", "train/loss", "train/time", "val/acc", "val/loss"]);

/** Sections with the ids in them, in one line. */
const shown = (board: Board, sections = automatic) =>
  placed(board, sections).map(({ name, panels }) => `${name}: ${panels.map(({ id }) => id).join(" ")}`);

test("without changes each metric has a panel, and a later metric gets one", () => {
  expect(shown(PLAIN)).toEqual(["Charts: lr", "train: train/acc train/loss train/time", "val: val/acc val/loss"]);
  const moved = move(PLAIN, automatic, "train/time", "train", "train/acc");
  expect(shown(moved, sectionsOf(["train/acc", "train/loss", "train/new", "train/time"]))).toEqual([
    "train: train/time train/acc train/loss train/new",
  ]);
});

test("a panel that is added stands first, and keeps an id of its own", () => {
  const [board, id] = add(PLAIN, automatic, { kind: "bar", keys: ["summary.loss"] }, "Mine");
  const [two, other] = add(board, automatic, { kind: "markdown", text: "why" }, "Mine");
  expect([id, other]).toEqual(["+1", "+2"]);
  expect(shown(two)[0]).toBe("Mine: +2 +1");
  expect(shown(add(PLAIN, automatic, { kind: "line" }, "val")[0])[2]).toBe("val: +1 val/acc val/loss");
  expect(add(PLAIN, sectionsOf(["+1"]), { kind: "line" }, "val")[1]).toBe("+2");
});

test("moves list no more than they must", () => {
  const first = move(PLAIN, automatic, "train/loss", "train", "train/acc");
  expect(first.order).toEqual([["train", ["train/loss"]]]);
  expect(move(first, automatic, "train/loss", "train", "train/time").order).toEqual([]);
  const over = move(PLAIN, automatic, "val/loss", "train", "train/time");
  expect(shown(over)).toEqual(["Charts: lr", "train: train/acc train/loss val/loss train/time", "val: val/acc"]);
  expect(shown(move(over, automatic, "val/loss", "val", null))).toEqual(shown(PLAIN));
  expect(move(PLAIN, automatic, "lr", "Charts", "lr")).toBe(PLAIN);
});

test("keys move a panel by a place or into the next section, and not beyond the ends", () => {
  const by = (board: Board, id: string, ...steps: Parameters<typeof nudge>[3][]) =>
    steps.reduce((before, step) => nudge(before, automatic, id, step), board);
  expect(shown(by(PLAIN, "train/acc", "on"))[1]).toBe("train: train/loss train/acc train/time");
  expect(shown(by(PLAIN, "train/acc", "on", "on", "on"))[1]).toBe("train: train/loss train/time train/acc");
  expect(shown(by(PLAIN, "train/acc", "on", "back"))).toEqual(shown(PLAIN));
  expect(by(PLAIN, "train/acc", "back")).toBe(PLAIN);
  expect(shown(by(PLAIN, "train/time", "down"))[2]).toBe("val: train/time val/acc val/loss");
  expect(shown(by(PLAIN, "val/acc", "up"))[1]).toBe("train: train/acc train/loss train/time val/acc");
  expect(by(PLAIN, "lr", "up")).toBe(PLAIN);
});

test("what is removed is gone, with what was said of it", () => {
  const resized = resize(PLAIN, automatic, { id: "lr", panel: { kind: "line", keys: ["lr"] } }, 2.2, 300);
  expect(resized.panels).toEqual({ lr: { w: 2, h: 300 } });
  const removed = remove(resized, automatic, "lr");
  expect(removed).toEqual({ ...PLAIN, gone: ["lr"] });
  expect(shown(removed)[0]).toContain("train:");
  const [added, id] = add(PLAIN, automatic, { kind: "scalar" }, "Mine");
  expect(remove(added, automatic, id)).toEqual(PLAIN);
});

test("of a panel that is there by itself only what differs is kept", () => {
  const changed = change(PLAIN, automatic, "lr", {
    kind: "line",
    keys: ["lr"],
    title: "Rate",
    logY: true,
    x: undefined,
  });
  expect(changed.panels).toEqual({ lr: { title: "Rate", logY: true } });
  expect(change(changed, automatic, "lr", { kind: "line", keys: ["lr"] })).toEqual(PLAIN);
  const other = change(PLAIN, automatic, "lr", { kind: "bar", keys: ["summary.lr"] });
  expect(placed(other, automatic)[0]?.panels[0]?.panel).toEqual({ kind: "bar", keys: ["summary.lr"] });
});

test("sizes stay within their bounds, and the usual one is not kept", () => {
  const lr = { id: "lr", panel: { kind: "line" as const, keys: ["lr"] } };
  expect(resize(PLAIN, automatic, lr, 9, 9999).panels.lr).toEqual({ w: 3, h: 800 });
  expect(resize(PLAIN, automatic, lr, 0, 196)).toEqual(PLAIN);
});

test("panels are found by their title, and sections without one are left out", () => {
  const titled = change(PLAIN, automatic, "lr", { kind: "line", keys: ["lr"], title: "Rate" });
  expect(found(placed(titled, automatic), "rate").map(({ name }) => name)).toEqual(["Charts"]);
  expect(found(placed(titled, automatic), "^val").map(({ panels }) => panels.length)).toEqual([2]);
});

test("what is no board is none, and odd members are left out", () => {
  expect([null, 1, {}, { v: 2 }, []].map(readBoard)).toEqual([null, null, null, null, null]);
  const odd = {
    v: 1,
    panels: { a: { kind: "line", w: 99, h: "x", keys: [1, "k"], logX: "no" }, b: 7 },
    order: [["s"], 3],
    gone: [1, "g"],
  };
  expect(readBoard(odd)).toEqual({
    v: 1,
    panels: { a: { kind: "line", w: 3, keys: ["k"] }, b: {} },
    order: [["s", []]],
    gone: ["g"],
  });
  const twice: Board = {
    ...PLAIN,
    order: [
      ["one", ["lr", "lr"]],
      ["two", ["lr"]],
    ],
  };
  expect(shown(twice)[0]).toBe("one: lr");
});

test("custom charts that runs have are panels by themselves, and a change back to that keeps nothing", () => {
  const sections = [{ name: "Custom charts", keys: [panelId("custom", "roc")] }, ...automatic];
  expect(placed(PLAIN, sections)[0]?.panels).toEqual([{ id: "custom:roc", panel: { kind: "custom", keys: ["roc"] } }]);
  const titled = change(PLAIN, sections, "custom:roc", { kind: "custom", keys: ["roc"], title: "Rates" });
  expect(titled.panels).toEqual({ "custom:roc": { title: "Rates" } });
  expect(change(titled, sections, "custom:roc", { kind: "custom", keys: ["roc"] })).toEqual(PLAIN);
  expect(remove(titled, sections, "custom:roc").gone).toEqual(["custom:roc"]);
});
