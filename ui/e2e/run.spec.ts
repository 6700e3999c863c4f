import { readFileSync } from "node:fs";
import { accessible, expect, idOf, KEY, makeRun, rowsOf, stream, test, URL } from "./pages";
import { training } from "./setup";

const pageOf = (id: string, tab = "") => `${URL}/ada/digits/runs/${id}${tab}`;

test("the overview tells what a run is, and its trees are searched", async ({ page, request }) => {
  await page.goto(pageOf(await idOf(request, "sgd-0.01")));
  await expect(page.getByRole("heading", { level: 1 })).toContainText("sgd-0.01");
  await expect(page.getByText("exit: exit code 1")).toBeVisible();
  await expect(page.locator(".facts")).toContainText("2 CPUs".slice(2));
  await expect(page.locator(".facts")).toContainText("trainings.py");
  await accessible(page);
  await page.getByLabel("Search in config").fill("sgd");
  const config = page.locator(".card").filter({ has: page.getByRole("heading", { name: "Config" }) });
  await expect(config.locator(".leaf")).toHaveCount(1);
  await expect(config).toContainText("optimizer");
});

test("name, notes and tags are changed where they stand", async ({ page, request }) => {
  await makeRun(request, { name: "edited", project: "edits", displayName: "before", tags: ["old"] });
  await page.goto(`${URL}/ada/edits/edited`);
  await page.getByRole("button", { name: "Change name" }).click();
  await page.getByLabel("Name", { exact: true }).fill("after");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("after");
  await page.getByRole("button", { name: "Change notes" }).click();
  await page.getByLabel("Notes").fill("two\nlines");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByLabel("Add a tag").fill("new");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Remove the tag old" }).click();
  await expect
    .poll(() => rowsOf(request, "SELECT name, notes, tags FROM runs WHERE project = 'edits'"))
    .toEqual([{ name: "after", notes: "two\nlines", tags: ["new"] }]);
});

test("charts stand in sections, and a drag over one looks closer at all", async ({ page, request }) => {
  await page.goto(pageOf(await idOf(request, "adam-0.1"), "/charts"));
  const panel = page.getByRole("article", { name: "train/loss" });
  await expect(panel.getByRole("img", { name: "train/loss: 1 line" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "val", exact: true })).toBeVisible();
  await accessible(page);
  const asked = page.waitForRequest(
    (sent) =>
      sent.url().endsWith("/api/chart") &&
      (JSON.parse(sent.postData() ?? "{}") as { range: unknown[] }).range[0] !== null,
  );
  const over = panel.locator(".u-over");
  const box = await over.boundingBox();
  if (box === null) throw new Error("the plot is not there");
  await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 5 });
  await page.mouse.up();
  const { range } = JSON.parse((await asked).postData() ?? "{}") as { range: [number, number] };
  expect(range[0]).toBeGreaterThan(300);
  expect(range[1]).toBeLessThan(800);
  await page.getByRole("button", { name: "Show all of it" }).click();
  await over.hover();
  await expect(panel.locator(".tip")).toContainText("train/loss");
  await page.getByLabel("Search charts").fill("^val");
  await expect(page.getByRole("article")).toHaveCount(2);
});

test("the machine's measures stand by what they measure", async ({ page, request }) => {
  await page.goto(pageOf(await idOf(request, "adam-0.1"), "/system"));
  await expect(page.locator("summary").filter({ hasText: "Memory" })).toBeVisible();
  await expect(page.getByRole("article", { name: "memory_percent" }).getByRole("img")).toBeVisible();
  await accessible(page);
});

test("the log is searched and downloaded", async ({ page, request }) => {
  await page.goto(pageOf(await idOf(request, "adam-0.01"), "/logs"));
  await expect(page.getByText("step 50:")).toBeVisible();
  await accessible(page);
  await page.getByLabel("Search in the log").fill("no longer");
  await expect(page.locator(".console-line")).toHaveCount(1);
  await page.getByLabel("Search in the log").fill("");
  await page.getByLabel("Only errors").check();
  await expect(page.getByRole("log")).toContainText("loss is no longer falling");
  await expect(page.getByRole("log")).not.toContainText("step 50:");
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  const text = readFileSync(await (await saved).path(), "utf8");
  expect(text).toContain("step 50:");
});

test("a log is opened at a line or a time, also from what was found, and a link keeps the line", async ({
  page,
  request,
}) => {
  const id = await idOf(request, "adam-0.03");
  await page.goto(pageOf(id, "/logs"));
  const marked = page.locator(".console-line.at");
  const goTo = page.getByLabel("Go to a line or a time");
  await goTo.fill("20");
  await page.keyboard.press("Enter");
  await expect(marked).toContainText("step 950:");
  await expect(page).toHaveURL(/line=20/);
  await page.getByLabel("Search in the log").fill("step 400:");
  await page.getByRole("button", { name: "Line 9", exact: true }).click();
  await expect(marked).toContainText("step 400:");
  await expect(page.getByText("step 450:")).toBeVisible();
  await page.reload();
  await expect(marked).toContainText("step 400:");
  const [row] = await rowsOf(
    request,
    `SELECT timestamp FROM console WHERE run_id = '${id}' ORDER BY line DESC LIMIT 1`,
  );
  await goTo.fill(String(new Date(Date.parse(String(row?.timestamp)) + 60_000).getFullYear()) + "-12-31 00:00");
  await page.keyboard.press("Enter");
  await expect(marked).toContainText("step 1450:");
  await goTo.fill("2020-01-01 00:00");
  await page.keyboard.press("Enter");
  await expect(marked).toContainText("step 0:");
  await goTo.fill("soon");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("A line is a number");
  await accessible(page);
});

test("pictures are looked at step by step, and histograms over all of them", async ({ page, request }) => {
  const [row] = await rowsOf(request, "SELECT run_id FROM runs WHERE project = 'letters'");
  await page.goto(`${URL}/ada/letters/runs/${String(row?.run_id)}/media`);
  const gallery = page.getByRole("region", { name: "samples" });
  const picture = (name: string) => gallery.getByRole("img", { name });
  await expect.poll(() => picture("sample 0 at 8").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(24);
  await expect(gallery.getByRole("img")).toHaveCount(3);
  await page.getByRole("slider", { name: "Step" }).focus();
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => picture("sample 2 at 4").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(24);
  const heat = page.getByRole("img", { name: "weights: histograms of 12 steps" });
  await heat.scrollIntoViewIfNeeded();
  await expect.poll(() => heat.locator("rect").count()).toBeGreaterThan(100);
  await accessible(page);
});

test("files are shown as what they are", async ({ page, request }) => {
  await page.goto(pageOf(await idOf(request, "adam-0.3"), "/files"));
  await page.getByRole("button", { name: /sample\.png/ }).click();
  const picture = page.getByRole("img", { name: "sample.png" });
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(28);
  await accessible(page);
  await page.getByRole("button", { name: /classes\.csv/ }).click();
  await expect(page.getByRole("cell", { name: "0.95" })).toBeVisible();
  await page.getByRole("button", { name: /params\.json/ }).click();
  await expect(page.getByLabel("Content")).toContainText('"learning_rate": 0.3');
  await page.getByRole("button", { name: /report\.md/ }).click();
  await expect(page.getByLabel("Content")).toContainText("# adam at 0.3");
  await expect(page.getByRole("link", { name: "Download" })).toHaveAttribute("href", /^\/files\//);
});

test("events tell who changed what", async ({ page, request }) => {
  await page.goto(pageOf(await idOf(request, "sgd-0.01"), "/events"));
  await expect(page.getByText("Running → Failed: exit code 1")).toBeVisible();
  await expect(page.getByText("Stored classes.csv")).toBeVisible();
  await expect(page.getByText("Logged 1,500 rows")).toBeHidden();
  await page.getByLabel("Also rows, samples and lines as they came").check();
  await expect(page.getByText(/^Logged [\d,]+ rows?$/).first()).toBeVisible();
  await accessible(page);
});

test("a run at work is watched live and stopped from its page", async ({ page }) => {
  const live = training("live", URL, KEY);
  try {
    await page.goto(`${URL}/ada/watched/runs/live/logs`);
    // The page was there first: it says that there is no such run, and goes on once asked again.
    await expect(async () => {
      await page.reload();
      await expect(page.getByText("live step 5")).toBeVisible({ timeout: 2_000 });
    }).toPass({ timeout: 30_000 });
    await page.getByLabel("Follow the end").check();
    const last = async () =>
      Number((await page.locator(".console-line").last().textContent())?.match(/live step (\d+)/)?.[1]);
    const before = await last();
    await expect.poll(last).toBeGreaterThan(before + 5);
    await page.getByRole("link", { name: "Charts" }).click();
    await expect(page.getByRole("article", { name: "train/loss" }).getByRole("img")).toBeVisible();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Stop" }).click();
    await expect(page.getByText("asked to stop")).toBeVisible();
    live.process.stdin.end();
    await live.ended().catch(() => undefined);
    await expect(page.locator(".run-head .badge")).toHaveText("Killed");
  } finally {
    await live.stop();
  }
});

test("a deleted run says so and is brought back; one that never was is not found", async ({ page, request }) => {
  await makeRun(request, { name: "gone", project: "edits", displayName: "to delete" });
  await page.goto(`${URL}/ada/edits/runs/gone`);
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page).toHaveURL(`${URL}/ada/edits/table`);
  await page.goto(`${URL}/ada/edits/runs/gone`);
  await expect(page.getByText("This run is deleted.")).toBeVisible();
  await page.getByRole("button", { name: "Bring it back" }).click();
  await expect(page.getByText("This run is deleted.")).toBeHidden();
  await page.goto(`${URL}/ada/edits/runs/never`);
  await expect(page.getByRole("heading", { name: "This is not here" })).toBeVisible();
  await accessible(page);
  await stream(request, "edits", "gone", {});
});
