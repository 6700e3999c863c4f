import { expect, test } from "vitest";
import type { Page } from "../api/runs";
import type { Source } from "./pagedRows";
import { blocksOf, PagedRows } from "./pagedRows";

/** A server with rows of numbers, that answers when it is told to. */
function server(total: number, lsn: number) {
  const asked: string[] = [];
  let answers: (() => void)[] = [];
  const source: Source = (columns, offset, limit, at) =>
    new Promise((resolve) => {
      asked.push(`${columns.join("+")}@${offset} ${at ?? "now"}`);
      const rows = Array.from({ length: Math.max(0, Math.min(limit, total - offset)) }, (_, row) =>
        Object.fromEntries(columns.map((column) => [column, `${column}${offset + row}`])),
      );
      const page: Page = { lsn, total, runs: total, rows, ranges: {}, warnings: [] };
      answers.push(() => resolve(page));
    });
  const answer = async () => {
    for (const one of answers) one();
    answers = [];
    await new Promise((done) => setTimeout(done));
  };
  return { source, asked, answer };
}

test("pages behind the first are read at its position, by blocks of columns", async () => {
  const { source, asked, answer } = server(250, 7);
  const rows = new PagedRows();
  rows.want({ pages: [0, 1], blocks: [["a"], ["b", "c"]] });
  rows.open(source);
  expect([rows.head, asked]).toEqual([null, ["a@0 now"]]);
  await answer();
  expect(rows.head?.total).toBe(250);
  expect(asked.slice(1)).toEqual(["b+c@0 7", "a@100 7", "b+c@100 7"]);
  expect(rows.row(3)).toEqual({ a: "a3" });
  await answer();
  expect(rows.row(103)).toEqual({ a: "a103", b: "b103", c: "c103" });
  rows.want({ pages: [2, 3], blocks: [["a"]] });
  expect(asked.at(-1)).toBe("a@200 7");
  expect(rows.row(249)).toBeUndefined();
});

test("the old table stays until what is wanted of the new one is there", async () => {
  const [old, young] = [server(10, 1), server(5, 2)];
  const rows = new PagedRows();
  rows.want({ pages: [0], blocks: [["a"], ["b"]] });
  rows.open(old.source);
  await old.answer();
  await old.answer();
  rows.open(young.source);
  expect([rows.isOutdated, rows.head?.total]).toEqual([true, 10]);
  await young.answer();
  expect([rows.head?.total, rows.row(9)?.b]).toEqual([10, "b9"]);
  await young.answer();
  expect([rows.isOutdated, rows.head?.total, rows.row(9)]).toEqual([false, 5, undefined]);
});

test("what fails is told, and what was shown stays", async () => {
  const good = server(1, 1);
  const rows = new PagedRows();
  rows.want({ pages: [0], blocks: [["a"]] });
  rows.open(good.source);
  await good.answer();
  rows.open(() => Promise.reject(new Error("no such column")));
  await new Promise((done) => setTimeout(done));
  expect([(rows.error as Error).message, rows.row(0)?.a]).toEqual(["no such column", "a0"]);
});

test("columns are asked for in blocks", () => {
  expect(blocksOf(["a", "b", "c"], 2)).toEqual([["a", "b"], ["c"]]);
  expect(blocksOf([], 2)).toEqual([]);
});
