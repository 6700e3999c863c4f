import type { Locator, Page } from "@playwright/test";
import { accessible, expect, test, URL } from "./pages";

const WORK = `${URL}/ada/pond/workspace`;
const panel = (page: Page, name: string) => page.getByRole("article", { name, exact: true });
const width = (image: Locator) => image.evaluate((picture: HTMLImageElement) => picture.naturalWidth);

test("media of the drawn runs stand beside each other, all at the step that a slider says", async ({ page }) => {
  await page.goto(WORK);
  const water = panel(page, "water");
  const of = (run: string) => water.getByRole("listitem", { name: run, exact: true });
  await expect.poll(() => width(of("frog").getByRole("img", { name: "frog 0 at 8" }))).toBe(24);
  await expect.poll(() => width(of("newt").getByRole("img", { name: "newt 1 at 6" }))).toBe(24);
  await expect(of("newt").getByText("step 6")).toBeVisible();
  await accessible(page);

  // Each run shows what it logged last before the step, and the link keeps the step.
  const slider = water.getByRole("slider", { name: "Step" });
  await slider.focus();
  for (let step = 0; step < 3; step++) await page.keyboard.press("ArrowLeft");
  await expect(of("frog").getByRole("img", { name: "frog 0 at 0" })).toBeVisible();
  await expect(of("newt").getByRole("img", { name: "newt 0 at 2" })).toBeVisible();
  await expect(page).toHaveURL(/step=2/);
  await page.keyboard.press("ArrowLeft");
  await expect(of("newt").getByText("nothing before step 2")).toBeVisible();
  await page.reload();
  await expect(of("newt").getByText("nothing before step 2")).toBeVisible();

  // Runs that are not drawn have none.
  await page.getByRole("button", { name: "Draw newt" }).click();
  await expect(of("newt")).toHaveCount(0);
  await expect(of("frog").getByRole("img")).toHaveCount(2);
});

test("sounds are heard, and what a page cannot show is a file to download", async ({ page }) => {
  await page.goto(WORK);
  const sound = panel(page, "song").getByLabel("frog 440");
  await expect.poll(() => sound.evaluate((audio: HTMLAudioElement) => audio.duration)).toBeCloseTo(0.1);
  await panel(page, "page").scrollIntoViewIfNeeded();
  const file = panel(page, "page")
    .getByRole("link", { name: /\.html/ })
    .first();
  const saved = page.waitForEvent("download");
  await file.click();
  expect((await saved).suggestedFilename()).toMatch(/\.html$/);
});

test("a media panel is added for a key that is chosen", async ({ page }) => {
  await page.goto(WORK);
  await page.getByRole("button", { name: "Add panel" }).click();
  const editor = page.getByRole("dialog", { name: "Add a panel" });
  await editor.getByLabel("What it shows").selectOption("Media");
  await editor.getByLabel("Media", { exact: true }).fill("water");
  await editor.getByLabel("Title").fill("Pictures");
  await editor.getByRole("button", { name: "Add panel" }).click();
  await expect(panel(page, "Pictures").getByRole("img", { name: "frog 1 at 8" })).toBeVisible();
});

test("tables of the drawn runs are one table, filtered, sorted and compared by class, and the link keeps it", async ({
  page,
}) => {
  await page.goto(WORK);
  const species = panel(page, "species");
  await species.scrollIntoViewIfNeeded();
  await page.getByRole("button", { name: "Make species large" }).click();
  const rows = species.getByRole("region", { name: "Rows of species" });
  const cells = (row: number) => rows.getByRole("row").nth(row).getByRole("cell").allTextContents();
  await expect(species.getByText("12 rows")).toBeVisible();
  await expect
    .poll(() => rows.getByRole("columnheader").allTextContents())
    .toEqual(["run ", "kind ", "size ", "seen "]);
  await accessible(page);

  await species.getByRole("button", { name: "Filter" }).click();
  const filter = page.getByRole("dialog", { name: "Filter of species" });
  await filter.getByRole("button", { name: "Add a condition" }).click();
  await filter.getByLabel("Column of condition 1").selectOption("size");
  await filter.getByLabel("Operator of condition 1").selectOption("≥");
  await filter.getByLabel("Value of condition 1").fill("14");
  await accessible(page);
  await page.keyboard.press("Escape");
  await expect(species.getByText("8 rows")).toBeVisible();
  await rows.getByRole("button", { name: "size" }).click();
  await rows.getByRole("button", { name: "size" }).click();
  await expect.poll(() => cells(1)).toEqual(["newt", "fish", "38", "6"]);

  await species.getByLabel("Compare species by").selectOption("By kind");
  await expect.poll(() => cells(2)).toEqual(["fish", "frog", "2", "17", "8"]);
  await expect.poll(() => cells(1)).toEqual(["fish", "newt", "2", "30", "6"]);
  await expect(species.getByText("4 rows")).toBeVisible();
  await page.reload();
  await species.scrollIntoViewIfNeeded();
  await expect(species.getByText("4 rows")).toBeVisible();
  await page.getByRole("button", { name: "Draw newt" }).click();
  await expect(species.getByText("2 rows")).toBeVisible();
});

test("a table of a run is looked at step by step", async ({ page }) => {
  await page.goto(`${URL}/ada/pond/runs/frog/charts`);
  const species = panel(page, "species");
  const first = () => species.getByRole("row").nth(1).getByRole("cell").allTextContents();
  await expect.poll(first).toEqual(["fish", "8", "8"]);
  await species.getByRole("slider", { name: "Step" }).focus();
  await page.keyboard.press("ArrowLeft");
  await expect.poll(first).toEqual(["fish", "4", "4"]);
  await page.keyboard.press("Home");
  await expect.poll(first).toEqual(["fish", "0", "0"]);
  await accessible(page);
  await page.keyboard.press("End");
  await expect.poll(first).toEqual(["fish", "8", "8"]);
});
