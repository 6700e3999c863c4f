import type { Page } from "@playwright/test";
import { accessible, expect, test, URL } from "./pages";

const panel = (page: Page, name: string) => page.getByRole("article", { name, exact: true });

async function edit(page: Page, name: string, spec: unknown): Promise<void> {
  await page.getByRole("button", { name: `More of ${name}`, exact: true }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  const text = page.getByLabel("Specification", { exact: true }).and(page.locator("[contenteditable]"));
  await text.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(typeof spec === "string" ? spec : JSON.stringify(spec, null, 2));
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
}

const POINTS = {
  $schema: "https://vega.github.io/schema/vega-lite/v5.json",
  title: "${string:title}",
  data: { name: "wandb" },
  // An expression, which would be made into code if it were not interpreted.
  transform: [{ calculate: "datum['height'] * 2 + 1", as: "twice" }],
  mark: { type: "point", tooltip: true },
  encoding: {
    x: { field: "${field:x}", type: "quantitative" },
    y: { field: "twice", type: "quantitative" },
    color: { field: "name", type: "nominal", scale: { range: { field: "color" } } },
  },
};

test("a chart of one's own is drawn by the specification that one writes, and a link keeps it", async ({ page }) => {
  await page.goto(`${URL}/ada/garden/workspace`);
  const own = panel(page, "own");
  await expect(own.getByText(/Only the name of its specification was sent: ada\/petals/)).toBeVisible();
  await edit(page, "own", POINTS);
  const drawing = own.getByRole("img", { name: "Petals as specified, of 2 runs" });
  await expect(drawing.locator(".mark-symbol.role-mark path")).toHaveCount(40);
  await expect(drawing.locator("text").filter({ hasText: "Petals" })).toBeVisible();
  await accessible(page);
  await drawing.locator(".mark-symbol.role-mark path").nth(4).hover();
  await expect(page.locator(".vega-tip")).toContainText("twice");
  await page.reload();
  await expect(drawing.locator(".mark-symbol.role-mark path")).toHaveCount(40);
});

test("a table of several runs is drawn by a specification in Vega", async ({ page }) => {
  await page.goto(`${URL}/ada/pond/workspace`);
  await page.getByRole("button", { name: "Add panel" }).click();
  const editor = page.getByRole("dialog", { name: "Add a panel" });
  await editor.getByLabel("What it shows").selectOption("Custom chart");
  await editor.getByLabel(/^Chart/).selectOption("species");
  await editor.getByLabel("Title").fill("Sizes");
  await editor.getByRole("button", { name: "Begin with an example" }).click();
  await expect(editor.getByLabel("Specification", { exact: true })).toContainText("vega-lite");
  await accessible(page);
  await editor.getByRole("button", { name: "Add panel" }).click();
  await edit(page, "Sizes", {
    $schema: "https://vega.github.io/schema/vega/v5.json",
    data: [{ name: "wandb", transform: [{ type: "filter", expr: "datum.size > 5" }] }],
    scales: [
      { name: "x", type: "linear", domain: { data: "wandb", field: "size" }, range: "width" },
      { name: "y", type: "point", domain: { data: "wandb", field: "name" }, range: "height" },
    ],
    marks: [
      {
        type: "symbol",
        from: { data: "wandb" },
        encode: {
          enter: { x: { scale: "x", field: "size" }, y: { scale: "y", field: "name" }, fill: { field: "color" } },
        },
      },
    ],
  });
  const marks = panel(page, "Sizes").locator(".mark-symbol.role-mark path");
  // Of each run and kind three, sizes of 8, 14, 20 and of 6, 22, 38.
  await expect(marks).toHaveCount(12);
  expect(new Set(await marks.evaluateAll((all) => all.map((mark) => mark.getAttribute("fill")))).size).toBe(2);
  await page.getByRole("button", { name: "Draw newt" }).click();
  await expect(marks).toHaveCount(6);
});

test("a specification that is damaged, or that asks others, says so in words and asks nobody", async ({ page }) => {
  await page.goto(`${URL}/ada/garden/workspace`);
  const told = panel(page, "own").getByRole("alert");
  await edit(page, "own", '{"mark": ');
  await expect(told).toContainText("The specification is no JSON");
  await accessible(page);
  await edit(page, "own", { ...POINTS, data: { url: "https://far.example/rows.csv" } });
  await expect(told).toContainText("wants https://far.example/rows.csv");
  await edit(page, "own", { ...POINTS, mark: "petal" });
  await expect(told).toContainText("The specification cannot be drawn. Vega-Lite says:");
  await edit(page, "own", { ...POINTS, transform: [{ calculate: "datum['height'] *", as: "twice" }] });
  await expect(told).toContainText("Unexpected end of input");
  // A picture whose address comes of a cell, and a link: the loader refuses both.
  await edit(page, "own", {
    ...POINTS,
    transform: [{ calculate: "'https://far.example/' + datum.day", as: "twice" }],
    mark: "image",
    encoding: {
      ...POINTS.encoding,
      y: { field: "day", type: "quantitative" },
      url: { field: "twice" },
      href: { field: "twice" },
    },
  });
  await expect(told).toHaveCount(0);
  await expect(panel(page, "own").locator("image")).not.toHaveCount(0);
  await expect(panel(page, "own").locator("a[href]")).toHaveCount(0);
  await edit(page, "own", POINTS);
  await expect(panel(page, "own").locator(".mark-symbol.role-mark path")).toHaveCount(40);
});

test("what draws specifications is loaded with the first of them alone", async ({ page }) => {
  const loaded: string[] = [];
  page.on("request", (sent) => sent.url().includes("VegaPlot") && loaded.push(sent.url()));
  await page.goto(`${URL}/ada/pond/workspace`);
  await expect(panel(page, "pr").getByRole("img")).toBeVisible();
  await page.goto(`${URL}/ada/pond/runs/frog/charts`);
  await expect(panel(page, "Precision-Recall Curve").locator("svg")).toBeVisible();
  expect(loaded.filter((url) => url.endsWith(".js"))).toEqual([]);
});
