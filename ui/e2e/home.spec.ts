import { expect as expects, test as bare } from "@playwright/test";
import { accessible, expect, makeRun, test, URL } from "./pages";
import { serve } from "./server";

test("projects stand with their runs per state, and a search narrows them", async ({ page }) => {
  await page.goto(URL);
  const digits = page.getByRole("link", { name: /digits/ });
  await expect(digits).toContainText("7 finished");
  await expect(digits).toContainText("1 failed");
  await expect(page.getByRole("link", { name: /letters/ })).toContainText("1 run");
  await accessible(page);
  await page.getByLabel("Search projects").fill("lett");
  await expect(digits).toBeHidden();
  await page.getByRole("link", { name: /letters/ }).click();
  await expect(page).toHaveURL(`${URL}/ada/letters/table`);
  await expect(page.getByRole("gridcell", { name: "first-letters", exact: true })).toBeVisible();
});

test("the theme is what somebody chose, also after a reload", async ({ page }) => {
  await page.goto(URL);
  for (const theme of ["Dark", "Light"]) {
    await page.getByRole("button", { name: "Theme" }).click();
    await page.getByRole("menuitem", { name: theme }).click();
    await page.reload();
    await expect(page.locator("html")).toHaveAttribute("data-theme", theme.toLowerCase());
  }
});

bare("a new server shows the lines to paste until the first run comes", async ({ page, context }) => {
  const server = await serve();
  try {
    await context.request.post(`${server.url}/login`, { data: { key: server.key }, headers: { origin: server.url } });
    await page.goto(server.url);
    await expects(page.getByRole("heading", { name: "Log your first run" })).toBeVisible();
    await expects(page.getByLabel("Lines to paste")).toContainText(`WANDB_BASE_URL=${server.url}`);
    await accessible(page);
    await makeRun(context.request, { name: "first", project: "begun" }, server.url, server.key);
    await expects(page.getByRole("link", { name: /begun/ })).toContainText("1 running");
  } finally {
    await page.close();
    await server.stop();
  }
});

test("the first page takes no more than 400 KiB", async ({ page }) => {
  const client = await page.context().newCDPSession(page);
  await client.send("Network.enable");
  await client.send("Network.setCacheDisabled", { cacheDisabled: true });
  const files = new Set<string>();
  let bytes = 0;
  // The app itself: what is asked of it then is as large as what somebody logged.
  client.on(
    "Network.responseReceived",
    ({ requestId, type }) => ["Document", "Script", "Stylesheet", "Image"].includes(type) && files.add(requestId),
  );
  client.on(
    "Network.loadingFinished",
    ({ requestId, encodedDataLength }) => (bytes += files.has(requestId) ? encodedDataLength : 0),
  );
  const pages = { "/": "Projects", "/ada/digits/table": "sgd-0.01", "/ada/digits": "adam-0.3", "/sql": "Run" };
  for (const [path, shown] of Object.entries(pages)) {
    bytes = 0;
    await page.goto(URL + path);
    await expect(page.getByText(shown).first()).toBeVisible();
    await page.waitForLoadState("load");
    console.log(`${path}: ${Math.round(bytes / 1024)} KiB`);
    expect(bytes).toBeGreaterThan(50 * 1024);
    expect(bytes).toBeLessThan(400 * 1024);
  }
});

test("Ctrl+K leads to a project, a page or a run by a part of its name", async ({ page }) => {
  await page.goto(URL);
  await expect(page.getByRole("heading", { name: "Projects" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to" }).fill("sgd-0.01");
  await expect(page.getByRole("option", { name: /sgd-0\.01/ })).toBeVisible();
  await accessible(page);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("sgd-0.01");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to" }).fill("digits");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`${URL}/ada/digits/workspace`);
});
