import { accessible, expect, makeRun, rowsOf, stream, test, URL } from "./pages";

const WORK = `${URL}/ada/digits`;

test("each metric has a panel, in the section that its name says", async ({ page }) => {
  await page.goto(WORK);
  for (const key of ["lr", "train/loss", "val/acc"])
    await expect(page.getByRole("article", { name: key })).toBeVisible();
  await expect(page.getByRole("article", { name: "train/loss" }).getByRole("img")).toHaveAttribute(
    "aria-label",
    /: [89] lines/,
  );
  await accessible(page);
  await page.getByLabel("Search panels").fill("^val");
  await expect(page.getByRole("article")).toHaveCount(2);
  await expect(page).toHaveURL(/panels=/);
});

test("an eye hides a run, a search narrows them, and a filter chooses them", async ({ page }) => {
  await page.goto(`${WORK}?filter=${encodeURIComponent("state = Finished and config.optimizer.name = adam")}`);
  const plot = page.getByRole("article", { name: "train/loss" }).getByRole("img");
  await expect(plot).toHaveAttribute("aria-label", /: 4 lines/);
  await page.getByRole("button", { name: "Draw adam-0.3" }).click();
  await expect(plot).toHaveAttribute("aria-label", /: 3 lines/);
  await expect(page.getByText("3 of 4 runs drawn")).toBeVisible();
  await page.getByLabel("Find runs").fill("0\\.0[13]$");
  await expect(plot).toHaveAttribute("aria-label", /: 2 lines/);
  await page.reload();
  await expect(plot).toHaveAttribute("aria-label", /: 2 lines/);
  await page.getByRole("link", { name: "Runs table" }).click();
  await expect(page.getByText("4 runs", { exact: true })).toBeVisible();
});

test("lines are smoothed, grouped, and drawn over another axis", async ({ page }) => {
  await page.goto(WORK);
  const body = async (act: () => Promise<unknown>) => {
    const asked = page.waitForRequest((sent) => sent.url().endsWith("/api/chart"));
    await act();
    return JSON.parse((await asked).postData() ?? "{}") as Record<string, unknown>;
  };
  await expect(page.getByRole("article", { name: "train/loss" }).getByRole("img")).toBeVisible();
  expect((await body(() => page.getByLabel("Smoothing").selectOption("ema"))).smoothing).toEqual({
    kind: "ema",
    value: 0.9,
  });
  expect((await body(() => page.getByLabel("X axis").selectOption("_absolute_runtime"))).x).toBe("_absolute_runtime");
  const grouped = await body(async () => {
    await page.getByRole("button", { name: "Group", exact: true }).click();
    await page.getByLabel("Group by a column").fill("augment");
    await page.getByRole("checkbox", { name: "config.augment" }).check();
  });
  expect(grouped.group).toEqual(["config.augment"]);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "log y" }).click();
  await expect(page.getByRole("button", { name: "log y" })).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByRole("article", { name: "train/loss" }).getByRole("img")).toHaveAttribute(
    "aria-label",
    /: [23] lines/,
  );
  await accessible(page);
});

test("a drag looks closer: the server cuts the range anew for every panel, and the link keeps it", async ({ page }) => {
  await page.goto(WORK);
  const over = page.getByRole("article", { name: "train/loss" }).locator(".u-over");
  const box = await over.boundingBox();
  if (box === null) throw new Error("the plot is not there");
  const asked = page.waitForResponse(
    (answer) =>
      answer.url().endsWith("/api/chart") &&
      (JSON.parse(answer.request().postData() ?? "{}") as { range: unknown[] }).range[0] !== null,
  );
  await page.mouse.move(box.x + box.width * 0.1, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.2, box.y + 60, { steps: 5 });
  await page.mouse.up();
  expect((await asked).ok()).toBe(true);
  await expect(page).toHaveURL(/from=.*to=/);
  await page.getByRole("button", { name: "All of x" }).click();
  await expect(page).not.toHaveURL(/from=/);
});

test("the first metric of a project gets its panel while the page is open", async ({ page, request }) => {
  await makeRun(request, { name: "silent", project: "quiet", config: JSON.stringify({ lr: { value: 1 } }) });
  await page.goto(`${URL}/ada/quiet`);
  await expect(page.getByRole("heading", { name: "No metric was logged yet" })).toBeVisible();
  await stream(request, "quiet", "silent", {
    files: { "wandb-history.jsonl": { offset: 0, content: [JSON.stringify({ _step: 0, _timestamp: 1, loss: 1 })] } },
  });
  await expect(page.getByRole("article", { name: "loss" }).getByRole("img")).toBeVisible();
});

test("a point that is logged is on the chart within a second", async ({ page, request }) => {
  await makeRun(request, { name: "beating", project: "live" });
  const log = (step: number) =>
    stream(request, "live", "beating", {
      files: {
        "wandb-history.jsonl": {
          offset: step,
          content: [JSON.stringify({ _step: step, _timestamp: 1_795_000_000 + step, loss: 1 / (step + 1) })],
        },
      },
    });
  await log(0);
  await page.goto(`${URL}/ada/live`);
  await expect(page.getByRole("article", { name: "loss" }).getByRole("img")).toBeVisible();
  // Charts that were answered: the position that each shows, and when it was there.
  const answered: { lsn: number; at: number }[] = [];
  page.on("response", (answer) => {
    if (answer.url().endsWith("/api/chart"))
      answered.push({ lsn: Number(answer.headers()["x-wbq-lsn"]), at: Date.now() });
  });
  const times: number[] = [];
  for (let step = 1; step <= 3; step++) {
    await log(step);
    const acked = Date.now();
    const [run] = await rowsOf(request, "SELECT updated_lsn FROM runs WHERE project = 'live'");
    const shows = () => answered.find(({ lsn }) => lsn >= Number(run?.updated_lsn));
    await expect.poll(shows).toBeDefined();
    times.push((shows()?.at ?? 0) - acked);
  }
  console.log(`a logged point was on the chart's answer after ${times.join(", ")} ms`);
  expect(Math.max(...times)).toBeLessThan(1_000);
});
