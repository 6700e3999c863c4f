import { expect, test } from "vitest";
import { completed, readSpec, rowsFor } from "./vegaSpec";

const wanted = { fields: { x: "val/acc.1" }, strings: { title: "Petals" } };
const read = (spec: unknown) => readSpec(typeof spec === "string" ? spec : JSON.stringify(spec), wanted);

test("places are filled with columns and texts, wherever they stand, and a field that is not told is its name", () => {
  const found = read({
    title: "${string:title} of ${string:none}",
    mark: "point",
    encoding: { x: { field: "${field:x}" }, y: [{ field: "${field:height}" }] },
  });
  expect(found).toEqual({
    mode: "vega-lite",
    spec: {
      title: "Petals of ",
      mark: "point",
      encoding: { x: { field: "val/acc\\.1" }, y: [{ field: "height" }] },
    },
  });
});

test("what is no specification says why", () => {
  expect(read('{"mark": }')).toMatchObject({ error: expect.stringContaining("no JSON") as string });
  expect([read("[]"), read("null"), read("3")]).toEqual(
    Array(3).fill({ error: expect.stringContaining("no JSON object") as string }),
  );
});

test("what would come from elsewhere is refused wherever it stands, and options for who draws are left out", () => {
  const far = { error: expect.stringContaining("//far.example/rows.csv") as string };
  const url = "//far.example/rows.csv";
  expect(read({ data: { url }, mark: "point" })).toEqual(far);
  expect(read({ layer: [{ mark: "line" }, { data: { url, format: { type: "csv" } } }] })).toEqual(far);
  expect(read({ marks: [], data: [{ name: "wandb" }, { name: "more", url }] })).toEqual(far);
  expect(read({ mark: { type: "image", url } })).toEqual(far);
  expect(read({ data: { values: [{ url }] }, mark: "point" })).toMatchObject({ spec: { mark: "point" } });
  expect(read({ usermeta: { embedOptions: { ast: false } }, mark: "bar" })).toMatchObject({ spec: { mark: "bar" } });
  expect(JSON.stringify(read({ usermeta: { embedOptions: { ast: false } }, mark: "bar" }))).not.toContain(
    "embedOptions",
  );
});

test("the language is told by the schema, else by the marks", () => {
  const modeOf = (spec: unknown) => (read(spec) as { mode?: string }).mode;
  expect(modeOf({ $schema: "https://vega.github.io/schema/vega/v5.json" })).toBe("vega");
  expect(modeOf({ $schema: "https://vega.github.io/schema/vega-lite/v5.json", marks: [] })).toBe("vega-lite");
  expect([modeOf({ marks: [] }), modeOf({ layer: [] })]).toEqual(["vega", "vega-lite"]);
});

test("rows stand as the data set, and the drawing takes the room that there is, unless it is composed", () => {
  const rows = [{ a: 1 }];
  const lite = (spec: Record<string, string | number | object>) =>
    completed({ spec: spec as never, mode: "vega-lite" }, rows, [300, 200]);
  expect(lite({ mark: "bar", width: "container" })).toEqual({
    mark: "bar",
    width: 300,
    height: 200,
    autosize: { type: "fit", contains: "padding" },
    data: { name: "wandb" },
    datasets: { wandb: rows },
  });
  expect(lite({ data: { values: [1] }, datasets: { own: [] }, mark: "bar" })).toMatchObject({
    data: { values: [1] },
    datasets: { own: [], wandb: rows },
  });
  expect(lite({ hconcat: [], width: 5 })).toMatchObject({ width: 5 });
  expect(lite({ mark: "bar", encoding: { row: { field: "a" } } })).not.toHaveProperty("width");
  const vega = (data: unknown) => completed({ spec: { marks: [], data } as never, mode: "vega" }, rows, [3, 2]).data;
  expect(
    vega([
      { name: "wandb", transform: [] },
      { name: "b", source: "wandb" },
    ]),
  ).toEqual([
    { name: "wandb", transform: [], values: rows },
    { name: "b", source: "wandb" },
  ]);
  expect(vega(undefined)).toEqual([{ name: "wandb", values: rows }]);
});

test("rows have the run beside their columns, which come first where they are called alike, and are bounded", () => {
  const run = (id: string, columns: string[], rows: (string | number)[][]) => ({
    id,
    name: `run ${id}`,
    color: "#123",
    table: { columns, rows },
  });
  const runs = [run("a", ["x"], [[1], [2]]), run("b", ["x", "name"], [[3, "own"]])];
  expect(rowsFor(runs, 10)).toEqual({
    left: 0,
    rows: [
      { id: "a", name: "run a", color: "#123", x: 1 },
      { id: "a", name: "run a", color: "#123", x: 2 },
      { id: "b", name: "own", color: "#123", x: 3 },
    ],
  });
  expect(rowsFor(runs, 2)).toMatchObject({ left: 1, rows: [{ x: 1 }, { x: 2 }] });
});
