import { expect, test } from "vitest";
import { chartsIn, dataOf, drawingOf, missingIn } from "./customCharts";

const visualize = (spec: string, fields: Record<string, string | null>, tableKey: string) => ({
  plot: {
    panel_type: "Vega2",
    panel_config: {
      panelDefId: spec,
      fieldSettings: fields,
      stringSettings: { title: "A plot", "x-axis-title": "Recall" },
      userQuery: {
        queryFields: [
          { name: "runSets", fields: [{ name: "summaryTable", args: [{ name: "tableKey", value: tableKey }] }] },
        ],
      },
    },
  },
});

test("a chart tells its table, its columns and its labels", () => {
  const [chart] = chartsIn(visualize("wandb/line/v0", { x: "n", y: "height", stroke: null }, "Tables/plot_table"));
  expect(chart).toEqual({
    key: "plot",
    spec: "wandb/line/v0",
    table: "Tables/plot_table",
    fields: { x: "n", y: "height" },
    strings: { title: "A plot", "x-axis-title": "Recall" },
    title: "A plot",
    labels: { x: "Recall", y: null },
  });
  expect([chartsIn(null), chartsIn({ odd: 1 }), chartsIn({ odd: { panel_config: {} } })]).toEqual([[], [], []]);
});

test("specifications of the client are drawn, of any version; others are not", () => {
  const shapeOf = (spec: string) => {
    const [chart] = chartsIn(visualize(spec, {}, "t"));
    return chart === undefined ? undefined : (drawingOf(chart)?.shape ?? null);
  };
  const names = ["line", "area-under-curve", "lineseries", "scatter", "bar", "histogram", "confusion_matrix"];
  expect(names.map((name) => shapeOf(`wandb/${name}/v3`))).toEqual([
    "line",
    "line",
    "line",
    "scatter",
    "bar",
    "histogram",
    "matrix",
  ]);
  expect([shapeOf("ada/line/v0"), shapeOf("wandb/violin/v0")]).toEqual([null, null]);
});

test("data are the rows whose numbers are numbers, and missing columns are named", () => {
  const table = {
    columns: ["n", "height", "kind"],
    rows: [
      [1, 2, "a"],
      [2, null, "a"],
      ["x", 3, "b"],
      [4, 5, "b"],
    ],
  };
  const line = { shape: "line", x: "n", y: "height", series: "kind" } as const;
  expect(dataOf(table, line)).toEqual([
    { label: "", series: "a", x: 1, y: 2 },
    { label: "", series: "b", x: 4, y: 5 },
  ]);
  expect(dataOf(table, { shape: "bar", label: "kind", value: "height" }).map(({ label, y }) => [label, y])).toEqual([
    ["a", 2],
    ["b", 3],
    ["b", 5],
  ]);
  expect(dataOf(table, { shape: "histogram", value: "n" }).map(({ x }) => x)).toEqual([1, 2, 4]);
  const matrix = { shape: "matrix", actual: "kind", predicted: "guess", count: "n" } as const;
  expect(missingIn(table, matrix)).toEqual(["guess"]);
  expect(missingIn(table, line)).toEqual([]);
});
