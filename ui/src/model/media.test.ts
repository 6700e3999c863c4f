import { expect, test } from "vitest";
import { cellsOf } from "./heat";
import { filesOf, mediaOf, shownAt, stepsOf } from "./media";

const image = (path: string) => ({ _type: "image-file", path, caption: `of ${path}` });

test("media are read by key and step; what is no file of a known kind is left out", () => {
  const media = mediaOf([
    { key: "one", step: 5, value: image("b.png") },
    { key: "one", step: 1, value: image("a.png") },
    { key: "one", step: 5, value: image("c.png") },
    { key: "many", step: 2, value: { _type: "images/separated", filenames: ["x", "y"], captions: ["first"] } },
    { key: "odd", step: 1, value: { _type: "table-file", path: "t.json" } },
    { key: "odd", step: 2, value: "text" },
  ]);
  expect(media.galleries).toEqual([
    {
      key: "one",
      shown: [
        { step: 1, files: [{ path: "a.png", kind: "image", caption: "of a.png" }] },
        { step: 5, files: [{ path: "c.png", kind: "image", caption: "of c.png" }] },
      ],
    },
    {
      key: "many",
      shown: [
        {
          step: 2,
          files: [
            { path: "x", kind: "image", caption: "first" },
            { path: "y", kind: "image", caption: "" },
          ],
        },
      ],
    },
  ]);
  expect(stepsOf(media)).toEqual([1, 2, 5]);
  const shown = media.galleries[0]?.shown ?? [];
  expect([0, 1, 4, 9].map((step) => shownAt(shown, step)?.step)).toEqual([1, 1, 1, 5]);
});

test("several of a sort are read as the client lists them, with what a page cannot show as documents", () => {
  const paths = (value: Parameters<typeof filesOf>[0]) =>
    filesOf(value).map(({ path, kind, caption }) => [path, kind, caption]);
  const sound = { _type: "audio-file", path: "a.wav" };
  expect(paths({ _type: "audio", count: 1, audio: [sound], captions: ["a tone"] })).toEqual([
    ["a.wav", "audio", "a tone"],
  ]);
  expect(paths({ _type: "videos", videos: [{ path: "v.mp4", caption: "own" }], captions: false })).toEqual([
    ["v.mp4", "video", "own"],
  ]);
  expect(paths({ _type: "object3D", filenames: ["o.obj"], objects: [{ path: "media/object3D/o.obj" }] })).toEqual([
    ["media/object3D/o.obj", "document", ""],
  ]);
  expect(paths({ _type: "html-file", path: "h.html" })).toEqual([["h.html", "document", ""]]);
  expect(paths({ _type: "molecule", filenames: ["m.pdb", 7], captions: null })).toEqual([["m.pdb", "document", ""]]);
  expect([paths({ _type: "table-file", path: "t" }), paths(null), paths({ _type: "audio", audio: [3] })]).toEqual([
    [],
    [],
    [],
  ]);
});

test("histograms are read from edges or from packed ones, and broken ones are left out", () => {
  const at = (value: Record<string, number[] | string | Record<string, number>>) =>
    mediaOf([{ key: "w", step: 0, value: { _type: "histogram", ...value } }]).histograms[0]?.histograms[0]?.edges;
  expect(at({ values: [1, 2], bins: [0, 1, 2] })).toEqual([0, 1, 2]);
  expect(at({ values: [1, 2], packedBins: { min: -1, size: 0.5, count: 2 } })).toEqual([-1, -0.5, 0]);
  expect([at({ values: [1], bins: [0] }), at({ values: [], bins: [] })]).toEqual([undefined, undefined]);
});

test("all values are in the cells of their step, wherever the edges of its bins lie", () => {
  const cells = cellsOf(
    [
      { step: 0, edges: [0, 1, 2, 3], counts: [4, 0, 6] },
      { step: 10, edges: [-3, 7], counts: [20] },
    ],
    4,
  );
  const sum = (x: number) => cells.filter(({ x1 }) => x1 === x).reduce((total, { count }) => total + count, 0);
  expect([sum(0), sum(10)]).toEqual([10, 20]);
  expect(cells.filter(({ x1 }) => x1 === 10).map(({ share }) => share)).toEqual([1, 1, 1, 1]);
  expect([cells[0]?.x2, cells.at(-1)?.x2, cells.at(-1)?.y2]).toEqual([10, 20, 7]);
});

test("many steps share columns, and nothing is lost", () => {
  const many = Array.from({ length: 1000 }, (_, step) => ({ step, edges: [0, 1, 2], counts: [1, 1] }));
  const cells = cellsOf(many, 2, 100);
  expect(new Set(cells.map(({ x1 }) => x1)).size).toBe(100);
  expect(cells.reduce((total, { count }) => total + count, 0)).toBe(2000);
  expect(cellsOf([{ step: 0, edges: [1, 1], counts: [3] }])).toEqual([]);
});
