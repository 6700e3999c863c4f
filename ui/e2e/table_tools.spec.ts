import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { accessible, expect, idOf, makeRun, rowsOf, test, URL } from "./pages";

const TABLE = `${URL}/ada/digits/table`;

const tick = (page: Page, name: string) => page.getByRole("checkbox", { name: `Choose ${name}`, exact: true }).click();

async function saved(page: Page, button: string, format: string): Promise<Buffer> {
  const file = page.waitForEvent("download");
  await page.getByRole("button", { name: button, exact: true }).click();
  await page.getByRole("menuitem", { name: format }).click();
  return readFileSync(await (await file).path());
}

test("runs that a filter chooses, or that are ticked, are exported with the columns that are shown", async ({
  page,
}) => {
  await page.goto(`${TABLE}?filter=${encodeURIComponent("config.learning_rate = 0.3")}`);
  await expect(page.getByText("2 runs", { exact: true })).toBeVisible();
  const all = (await saved(page, "Export runs", "CSV")).toString().trim().split("\n");
  expect(all[0]).toMatch(/^run_id,name,state,.*config\.learning_rate,.*summary\.val\/loss/);
  expect(all.slice(1).map((line) => line.split(",")[1])).toEqual(["sgd-0.3", "adam-0.3"]);
  await tick(page, "adam-0.3");
  const one = (await saved(page, "Export chosen runs", "CSV")).toString().trim().split("\n");
  expect(one.slice(1).map((line) => line.split(",")[1])).toEqual(["adam-0.3"]);
  const parquet = await saved(page, "Export chosen runs", "Parquet");
  expect(parquet.subarray(0, 4).toString()).toBe("PAR1");
  expect(parquet.subarray(-4).toString()).toBe("PAR1");
});

test("a baseline measures all other runs, and a link keeps it", async ({ page, request }) => {
  const losses = Object.fromEntries(
    (await rowsOf(request, `SELECT name, summary."val/loss" AS loss FROM runs WHERE project = 'digits'`)).map((row) => [
      String(row.name),
      Number(row.loss),
    ]),
  );
  await page.goto(`${TABLE}?cols=${encodeURIComponent(JSON.stringify(["summary.val/loss", "runtime"]))}`);
  await tick(page, "adam-0.3");
  await page.getByRole("button", { name: "Make baseline" }).click();
  await expect(page.getByText("Measured by adam-0.3")).toBeVisible();
  await page.getByRole("button", { name: "Choose none" }).click();
  const row = (name: string) => page.getByRole("row").filter({ hasText: name });
  await expect(row("adam-0.3").locator(".delta")).toHaveCount(0);
  await expect(row("adam-0.3")).toContainText("baseline");
  const told = await row("sgd-0.01").locator(".delta").first().textContent();
  const delta = (losses["sgd-0.01"] ?? NaN) - (losses["adam-0.3"] ?? NaN);
  expect(Number(told)).toBeCloseTo(delta, 3);
  expect(told).toMatch(/^\+/);
  await accessible(page);
  await page.reload();
  await expect(page.getByText("Measured by adam-0.3")).toBeVisible();
  await page.getByRole("button", { name: "No baseline" }).click();
  await expect(page.locator(".delta")).toHaveCount(0);
});

test("ticked runs are moved to a group and a job type, and out of them", async ({ page, request }) => {
  for (const name of ["one", "two"]) await makeRun(request, { name, project: "moved", jobType: "eval" });
  await page.goto(`${URL}/ada/moved/table`);
  await tick(page, "one");
  await tick(page, "two");
  const move = async (to: string, name: string, done: string) => {
    await page.getByRole("button", { name: "Move", exact: true }).click();
    await page.getByLabel("To another").selectOption(to);
    await page.getByLabel("Its name; empty for none").fill(name);
    await page.keyboard.press("Enter");
    await expect(page.getByText(done)).toBeVisible();
  };
  await move("Group", "night", "2 runs moved to night");
  await move("Job type", "train", "2 runs moved to train");
  const groups = () =>
    rowsOf(request, "SELECT group_name, job_type FROM runs WHERE project = 'moved' GROUP BY group_name, job_type");
  await expect.poll(groups).toEqual([{ group_name: "night", job_type: "train" }]);
  await move("Group", "", "2 runs taken out");
  await expect.poll(async () => (await groups())[0]?.group_name ?? "").toBe("");
});

test("the table is shown as it was at a moment, with nothing to change in it", async ({ page, request }) => {
  await makeRun(request, { name: "early", project: "past", displayName: "early-name" });
  const [row] = await rowsOf(request, "SELECT created_at FROM runs WHERE project = 'past'");
  // Moments of addresses are whole seconds: the second run must be made in a later one.
  const second = Math.ceil(Date.parse(String(row?.created_at)) / 1000 + 1) * 1000;
  await expect.poll(() => Date.now(), { intervals: [100] }).toBeGreaterThan(second);
  await makeRun(request, { name: "late", project: "past", displayName: "late-name" });
  await page.goto(`${URL}/ada/past/table`);
  await expect(page.getByText("2 runs", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "As it was" }).click();
  await accessible(page);
  const local = await page.evaluate((at) => {
    const date = new Date(at);
    return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  }, second);
  await page.getByLabel("At", { exact: true }).fill(local);
  await page.getByRole("button", { name: "Show the table as it was" }).click();
  await expect(page.getByText("You see the table as it was on")).toBeVisible();
  await expect(page.getByText("1 run", { exact: true })).toBeVisible();
  await tick(page, "early-name");
  await expect(page.getByRole("button", { name: "Export chosen runs" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Delete" })).toHaveCount(0);
  await page.reload();
  await expect(page.getByText("1 run", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Back to now" }).click();
  await expect(page.getByText("2 runs", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "As it was" }).click();
  await page.getByRole("button", { name: "A week ago" }).click();
  await expect(page.getByRole("heading", { name: "There were no runs then" })).toBeVisible();
});

test("ticked runs are compared, in a window that a link opens", async ({ page, request }) => {
  await page.goto(TABLE);
  for (const name of ["adam-0.3", "sgd-0.01"]) await tick(page, name);
  await page.getByRole("button", { name: "Compare" }).click();
  const window = page.getByRole("dialog", { name: "Compare 2 runs" });
  await expect(window.getByRole("row", { name: /config.optimizer.name adam sgd/ })).toBeVisible();
  await expect(window.getByRole("row", { name: /summary.train\/loss 0\.\d+ 0\.\d+\+0\.\d+/ })).toBeVisible();
  await accessible(page);
  await expect(page).toHaveURL(new RegExp(await idOf(request, "sgd-0.01")));
  await page.reload();
  await expect(window.getByRole("columnheader", { name: "sgd-0.01" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(window).toBeHidden();
});
