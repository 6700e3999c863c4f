import { readFileSync } from "node:fs";
import { accessible, expect, test, URL } from "./pages";

test("collections stand by their types, and a search narrows them", async ({ page }) => {
  await page.goto(`${URL}/ada/garden/workspace`);
  await page.getByRole("link", { name: "Artifacts", exact: true }).click();
  await expect(page).toHaveURL(`${URL}/ada/garden/artifacts`);
  const flowers = page.getByRole("row", { name: /flowers/ });
  await expect(flowers).toContainText("v1");
  await expect(flowers.getByRole("cell").nth(3)).toHaveText("2");
  await expect(page.getByRole("region", { name: "Collections of run_table" })).toContainText("run-grower-plants");
  await accessible(page);
  await page.getByLabel("Search artifacts").fill("dataset");
  await expect(page.getByRole("region", { name: "Collections of run_table" })).toBeHidden();
  await expect(flowers).toBeVisible();
});

test("a version tells its aliases, files and who made and uses it; another one is a click away", async ({ page }) => {
  await page.goto(`${URL}/ada/garden/artifacts`);
  await page.getByRole("link", { name: "flowers", exact: true }).click();
  const versions = page.getByRole("navigation", { name: "Versions" });
  await expect(versions.getByRole("link", { name: "v1 latest" })).toHaveAttribute("aria-current", "page");
  await expect(page.locator(".facts")).toContainText("in 4 files");
  await expect(page.locator(".facts")).toContainText("Flowers of the garden");
  await expect(page.locator(".tree").first()).toContainText("2,027");
  await page.getByRole("button", { name: /huge\.bin/ }).click();
  await expect(page.getByText("https://elsewhere.test/huge.bin")).toBeVisible();
  await versions.getByRole("link", { name: "v0 best" }).click();
  await expect(page).toHaveURL(`${URL}/ada/garden/artifacts/dataset/flowers/v0`);
  // The address is one that others are sent.
  await page.reload();
  await expect(page.locator(".facts")).toContainText("in 3 files");
  const picture = page.getByRole("img", { name: "images/rose.png" });
  await page.getByRole("button", { name: /rose\.png/ }).click();
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(28);
  await page.getByRole("button", { name: /labels\.csv/ }).click();
  await expect(page.getByRole("cell", { name: "rose" })).toBeVisible();
  await accessible(page);
  await page.getByRole("button", { name: /counts\.json/ }).click();
  await expect(page.getByLabel("Content")).toContainText('"flowers": 1');
  const saved = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download" }).click();
  expect(JSON.parse(readFileSync(await (await saved).path(), "utf8"))).toEqual({ flowers: 1 });
  await page.locator(".facts").getByRole("link", { name: "grower" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("grower");
});

test("a run tells what it uses and what it logged, with the way to each", async ({ page }) => {
  await page.goto(`${URL}/ada/garden/runs/grower`);
  await page.getByRole("link", { name: "Artifacts", exact: true }).click();
  const used = page.getByRole("region", { name: "Used artifacts" });
  await expect(used.getByRole("row", { name: /flowers:v0/ })).toContainText("best");
  await expect(used).toContainText("gatherer");
  await expect(page.getByRole("region", { name: "Logged artifacts" })).toContainText("run-grower-plants:v0");
  await accessible(page);
  await used.getByRole("link", { name: "flowers:v0" }).click();
  await expect(page.getByRole("link", { name: "v0 best" })).toHaveAttribute("aria-current", "page");
  await page.locator(".facts").getByRole("link", { name: "gatherer" }).click();
  await page.getByRole("link", { name: "Artifacts", exact: true }).click();
  await expect(page.getByText("This run used no artifact.")).toBeVisible();
});
