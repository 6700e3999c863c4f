import { accessible, expect, test, URL } from "./pages";

const charts = `${URL}/ada/garden/runs/grower/charts`;

test("charts of wandb.plot are drawn on the page of their run, and one that is not known is its table", async ({
  page,
}) => {
  await page.goto(charts);
  const marks = (title: string, of: string) => page.getByRole("article", { name: title }).locator(`svg ${of}`);
  await expect(page.getByRole("img", { name: "Height by day: lines" })).toBeVisible();
  await expect(marks("Height by day", "[aria-label=line] path")).toHaveCount(1);
  await expect(marks("ROC", "[aria-label=line] path")).toHaveCount(2);
  await expect(page.getByRole("article", { name: "ROC" }).getByRole("list")).toContainText("lily");
  await expect(marks("Counts", "[aria-label=bar] rect")).toHaveCount(2);
  await expect(marks("Confusion", "[aria-label=cell] rect")).toHaveCount(4);
  await expect(page.getByText("Only the name of its specification was sent: ada/petals.")).toBeVisible();
  await accessible(page);
  await page.getByRole("img", { name: "Heights: a histogram" }).scrollIntoViewIfNeeded();
  await expect.poll(() => marks("Heights", "[aria-label=rect] rect").count()).toBeGreaterThan(5);
});

test("a table that was logged is searched, sorted and made large", async ({ page }) => {
  await page.goto(charts);
  await page.getByLabel("Search charts").fill("plants");
  const rows = page.getByRole("region", { name: "Rows of plants" });
  await expect(rows.getByRole("row").nth(1)).toContainText("rose");
  await page.getByLabel("Search rows of plants").fill("lily");
  await expect(page.getByText("10 of 30 rows")).toBeVisible();
  const firstHeight = () => rows.getByRole("row").nth(1).getByRole("cell").nth(1).textContent();
  await expect.poll(firstHeight).toBe("3");
  const head = rows.getByRole("button", { name: "height" });
  await head.click();
  await head.click();
  await expect(rows.getByRole("columnheader", { name: "height" })).toHaveAttribute("aria-sort", "descending");
  await expect.poll(firstHeight).toBe("43.5");
  await page.getByRole("button", { name: "Make plants large" }).click();
  await expect(page.getByText("10 of 30 rows")).toBeVisible();
  await page.keyboard.press("Escape");
});

test("custom charts of several runs stand in the workspace, where they are edited and added", async ({ page }) => {
  await page.goto(`${URL}/ada/garden/workspace`);
  const growth = page.getByRole("article", { name: "growth" });
  await expect(growth.getByRole("img", { name: "Height by day: lines of 2 runs" })).toBeVisible();
  await expect(growth.locator("svg [aria-label=line] path")).toHaveCount(2);
  await expect(growth.getByRole("list")).toContainText("second-grower");
  await accessible(page);
  await page.getByRole("button", { name: "Add panel" }).click();
  const editor = page.getByRole("dialog", { name: "Add a panel" });
  await editor.getByLabel("What it shows").selectOption("Custom chart");
  await editor.getByLabel(/^Chart/).selectOption("counts");
  await editor.getByLabel("Title").fill("How many");
  await editor.getByRole("button", { name: "Add panel" }).click();
  const added = page.getByRole("article", { name: "How many" });
  await expect(added.locator("svg [aria-label=bar] rect")).toHaveCount(4);
  await page.reload();
  await expect(added.locator("svg [aria-label=bar] rect")).toHaveCount(4);
});

test("the curve of wandb.plot.pr_curve is drawn for each class, of one run and of several", async ({ page }) => {
  await page.goto(`${URL}/ada/pond/runs/frog/charts`);
  const curve = page.getByRole("article", { name: "Precision-Recall Curve" });
  await expect(curve.locator("svg [aria-label=line] path")).toHaveCount(2);
  await expect(curve.getByRole("list")).toContainText("fish");
  await expect(curve.locator("svg")).toContainText("Recall");
  await page.goto(`${URL}/ada/pond/workspace`);
  const both = page.getByRole("article", { name: "pr", exact: true });
  await expect(both.getByRole("img", { name: /Precision.*: lines of 2 runs/ })).toBeVisible();
  await expect(both.locator("svg [aria-label=line] path")).toHaveCount(4);
  await expect(both.getByRole("list")).toContainText("newt plant");
});

test("a notebook frames the page of a run, without what stands around it elsewhere", async ({ page }) => {
  const run = `${URL}/ada/garden/runs/grower`;
  await page.route(`${URL}/notebook`, (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<!doctype html><html lang="en"><title>n</title><main aria-label="Notebook"><h1>n</h1>
        <iframe title="run" src="${run}?jupyter=true" width="900" height="600"></iframe></main></html>`,
    }),
  );
  await page.goto(`${URL}/notebook`);
  const frame = page.frameLocator("iframe");
  await expect(frame.getByRole("heading", { level: 1 })).toContainText("grower");
  await expect(frame.getByRole("banner")).toHaveCount(0);
  await accessible(page);
  await frame.getByRole("link", { name: "Charts" }).click();
  await expect(frame.getByLabel("Search charts")).toBeVisible();
  await expect(frame.getByRole("banner")).toHaveCount(0);
  await page.goto(run);
  await expect(page.getByRole("banner")).toBeVisible();
});

test("the frame of a notebook is accessible with the charts of a run in it", async ({ page }) => {
  await page.goto(`${charts}?jupyter=true`);
  await expect(page.getByRole("img", { name: "Height by day: lines" })).toBeVisible();
  await expect(page.getByRole("banner")).toHaveCount(0);
  await accessible(page);
});
