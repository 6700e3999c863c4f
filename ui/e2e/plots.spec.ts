import type { Locator, Page } from "@playwright/test";
import { accessible, expect, test, URL } from "./pages";

const WORK = `${URL}/ada/digits`;
const LOSS = "summary.train/loss";

async function add(page: Page, kind: string, fill: (editor: Locator) => Promise<void>): Promise<void> {
  await page.getByRole("button", { name: "Add panel" }).click();
  const editor = page.getByRole("dialog");
  await editor.getByLabel("What it shows").selectOption(kind);
  await fill(editor);
  await editor.getByRole("button", { name: "Add panel" }).click();
  await expect(editor).toBeHidden();
}

test("runs are shown as bars, points, a histogram and a number", async ({ page }) => {
  await page.goto(WORK);
  await expect(page.getByRole("article", { name: "lr" })).toBeVisible();
  await add(page, "scalar", async (editor) => {
    await editor.getByLabel("Title").fill("Best");
    await editor.getByLabel("Value").fill(LOSS);
    await editor.getByLabel("Of all runs").selectOption("min");
  });
  await expect(page.getByRole("article", { name: "Best" })).toContainText(/0\.2\d+least of 8 runs/);
  await add(page, "bar", async (editor) => {
    await editor.getByLabel("Value").fill(LOSS);
    await editor.getByLabel("Grouped by").fill("config.learning_rate");
    await editor.getByLabel("Bars beside each other by").fill("config.optimizer.name");
  });
  const bars = page.getByRole("article", { name: "train/loss" }).first();
  await expect(bars.getByRole("img", { name: "train/loss: 8 bars" })).toBeVisible();
  await expect(bars.getByRole("list")).toContainText("sgd");
  await add(page, "scatter", async (editor) => {
    await editor.getByLabel("X", { exact: true }).fill("config.learning_rate");
    await editor.getByLabel("Y", { exact: true }).fill(LOSS);
    await editor.getByLabel("Coloured by").fill("config.optimizer.name");
    await editor.getByLabel("Scale of x").selectOption("log");
  });
  const points = page.getByRole("article", { name: /over config/ });
  await expect(points.locator("circle")).toHaveCount(8);
  await add(page, "histogram", (editor) => editor.getByLabel("Value").fill(LOSS));
  await expect(page.getByRole("img", { name: "train/loss: 8 runs" })).toBeVisible();
  await accessible(page);
  await page.getByRole("button", { name: "Draw sgd-0.01" }).click();
  await expect(points.locator("circle")).toHaveCount(7);
  await points.locator("circle").first().hover({ force: true });
  await expect(points.locator("[aria-label=tip]")).toContainText(/(adam|sgd)-0/);
  await points.locator("circle").first().click({ force: true });
  await expect(page).toHaveURL(/\/ada\/digits\/runs\//);
});

test("a brush over parallel coordinates is a filter", async ({ page }) => {
  await page.goto(WORK);
  await add(page, "parallel", async (editor) => {
    for (const key of ["learning_rate", "optimizer.name", "train/loss"]) {
      await editor.getByLabel("Search columns").fill(key);
      await editor.getByRole("checkbox", { name: key }).last().check();
    }
    await editor.getByLabel("Coloured by").fill(LOSS);
  });
  const plot = page.getByRole("img", { name: "Parallel coordinates: 8 runs over 3 axes" });
  await expect(plot.locator("path")).toHaveCount(8);
  await accessible(page);
  const box = await plot.locator('[data-axis="config.learning_rate"]').boundingBox();
  if (box === null) throw new Error("the axis is not there");
  await page.mouse.move(box.x + 9, box.y + 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 9, box.y + box.height * 0.5, { steps: 4 });
  await page.mouse.up();
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue(
    /^config.learning_rate >= 0\.1\d* and config.learning_rate <= 0\.\d+$/,
  );
  await expect(page.getByRole("img", { name: "Parallel coordinates: 2 runs over 3 axes" })).toBeVisible();
});

test("parameters are weighed, runs are compared, and text is Markdown without markup of its own", async ({ page }) => {
  await page.goto(WORK);
  await add(page, "importance", (editor) => editor.getByLabel("For").fill(LOSS));
  await expect(
    page
      .getByRole("article", { name: `Importance for ${LOSS}` })
      .getByRole("row")
      .nth(1),
  ).toContainText(/learning_rate−0\.\d+8/);
  await add(page, "compare", () => Promise.resolve());
  const compare = page.getByRole("article", { name: "Comparison of runs" });
  await expect(compare.getByRole("columnheader", { name: "adam-0.3" })).toBeVisible();
  await expect(compare.getByRole("row", { name: /^config.batch_size/ })).toBeVisible();
  await compare.getByLabel("Search what is compared").fill("optimizer");
  await expect(compare.getByRole("row")).toHaveCount(2);
  await compare.getByLabel("Search what is compared").fill("project");
  await expect(compare.getByRole("row")).toHaveCount(1);
  await compare.getByLabel("Differences only").uncheck();
  await compare.getByLabel("Search what is compared").fill("betas");
  await expect(compare.getByRole("row", { name: /optimizer.betas/ })).toContainText("[0.9,0.999]");
  await add(page, "markdown", (editor) =>
    editor
      .getByLabel("Markdown")
      .fill(
        "# Why\n\n**rates** <img src=x onerror=window.hit=1>\n\n[go](javascript:window.hit=1) ![far](http://far.example/x.png)",
      ),
  );
  const written = page.getByRole("article", { name: "Why" });
  await expect(written.getByRole("heading", { name: "Why", level: 4 })).toBeVisible();
  await expect(written.getByText("<img src=x onerror=window.hit=1>")).toBeVisible();
  await expect(written.locator("img")).toHaveCount(0);
  await written.getByText("go", { exact: true }).click();
  expect(await page.evaluate(() => "hit" in window)).toBe(false);
  await accessible(page);
});
