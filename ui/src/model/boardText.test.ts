import { deflateSync, strFromU8, strToU8 } from "fflate";
import { expect, test } from "vitest";
import { add, PLAIN } from "./board";
import { boardOf, writeBoard } from "./boardText";

test("a board comes back from its text, whatever is written in it", () => {
  const [board] = add(PLAIN, [], { kind: "markdown", text: "# Größe 模型 🙂 </script> %20 ~", w: 2 }, "Ä/ß");
  const text = writeBoard(board) ?? "";
  expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(boardOf(text)).toEqual(board);
  expect([writeBoard(PLAIN), boardOf(undefined)]).toEqual([undefined, PLAIN]);
});

test("a board of thirty panels is short enough for an address", () => {
  let board = PLAIN;
  for (let panel = 0; panel < 30; panel++)
    [board] = add(board, [], { kind: "line", keys: [`train/metric_${panel}`], logY: true, h: 300 }, "Mine");
  expect(writeBoard(board)?.length).toBeLessThan(1_500);
});

test("what is no text of a board is none, also where it would unpack to more than fits", () => {
  const packed = (text: string) =>
    btoa(strFromU8(deflateSync(strToU8(text)), true))
      .replaceAll("+", "-")
      .replaceAll("/", "_");
  expect(boardOf(packed('{"v":1}'))).toEqual(PLAIN);
  const broken = ["", "!!", "AAAA", packed("[1"), packed('{"v":2}'), packed(" ".repeat(20 << 20)), "x".repeat(40_000)];
  expect(broken.map(boardOf)).toEqual(broken.map(() => null));
});
