import { accessible, expect, makeRun, stream, test, URL } from "./pages";

const WORK = `${URL}/ada/tide/workspace`;
const row = (step: number, level: number) => JSON.stringify({ _step: step, level });

test("a workspace that is pinned never changes, says so, and leads back to now", async ({ page, context, request }) => {
  const log = (run: string, step: number, offset: number) =>
    stream(request, "tide", run, { files: { "wandb-history.jsonl": { offset, content: [row(step, step / 2)] } } });
  await makeRun(request, { name: "ebb", project: "tide" });
  await log("ebb", 0, 0);
  await log("ebb", 1, 1);
  await page.goto(WORK);
  const lines = page.getByRole("article", { name: "level" }).getByRole("img");
  await expect(lines).toHaveAttribute("aria-label", "level: 1 line");
  await page.getByRole("button", { name: "As it was" }).click();
  await page.getByRole("button", { name: "Pin the link to what is known now" }).click();
  await expect(page.getByText(/You see the workspace as it was at position \d+ of the log\./)).toBeVisible();
  await expect(page).toHaveURL(/at=lsn%3A\d+/);
  await accessible(page);
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByLabel("Keep this page as").fill("Low water");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("list", { name: "Views that are kept" })).toContainText("workspace, by ada, pinned");
  const pinned = page.url();

  // More is logged: a second run, another metric, a later step.
  await makeRun(request, { name: "flood", project: "tide" });
  await log("flood", 0, 0);
  await log("ebb", 2, 2);
  const now = await context.newPage();
  await now.goto(WORK);
  const nowLines = now.getByRole("article", { name: "level" }).getByRole("img");
  await expect(nowLines).toHaveAttribute("aria-label", "level: 2 lines");
  await expect(now.getByText("2 of 2 runs drawn")).toBeVisible();

  const asked = page.waitForRequest((sent) => sent.url().endsWith("/api/chart"));
  const followed: string[] = [];
  page.on("request", (sent) => sent.url().includes("/api/events") && followed.push(sent.url()));
  await page.goto(pinned);
  const body = JSON.parse((await asked).postData() ?? "{}") as { as_of?: string };
  expect(body.as_of).toMatch(/^lsn:\d+$/);
  await expect(lines).toHaveAttribute("aria-label", "level: 1 line");
  await expect(page.getByText("1 of 1 run drawn")).toBeVisible();
  // What is followed are views alone.
  expect(followed.filter((url) => url.includes("Logged"))).toEqual([]);

  // The runs table is pinned with it, and so is the way back.
  await page.getByRole("link", { name: "Runs table" }).click();
  await expect(page.getByText(/You see the table as it was at position/)).toBeVisible();
  await expect(page.getByText("1 run", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: "Workspace" }).click();
  await page.getByRole("button", { name: "Back to now" }).click();
  await expect(lines).toHaveAttribute("aria-label", "level: 2 lines");
  await expect(page).not.toHaveURL(/at=/);
  await now.close();
});
