import { readFileSync } from "node:fs";
import { accessible, expect, test, URL } from "./pages";

test("a statement is typed, run, shown as a table and downloaded", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`${URL}/sql`);
  const editor = page.getByRole("textbox", { name: "SQL" });
  await editor.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(
    "SELECT name, summary.\"train/loss\" AS loss FROM runs WHERE project = 'digits' AND state = 'Finished' ORDER BY loss LIMIT 3",
  );
  await page.keyboard.press("Control+Enter");
  const table = page.getByRole("table", { name: "Answer" });
  await expect(table.getByRole("row")).toHaveCount(4);
  await expect(table.getByRole("cell", { name: "adam-0.3" })).toBeVisible();
  await expect(page.getByText(/3 rows in \d+ ms, at position \d+/)).toBeVisible();
  await accessible(page);
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download the answer" }).click();
  await page.getByRole("menuitem", { name: "CSV" }).click();
  expect(
    readFileSync(await (await saved).path(), "utf8")
      .split("\n")[0]
      ?.trim(),
  ).toBe("name,loss");
  await page.getByRole("button", { name: "Copy the link" }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.goto("about:blank");
  await page.goto(link);
  await expect(table.getByRole("cell", { name: "adam-0.3" })).toBeVisible();
});

test("a mistake is told with a hint, and names are completed", async ({ page }) => {
  await page.goto(`${URL}/sql`);
  await page.getByRole("textbox", { name: "SQL" }).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText("SELECT name FROM rnus");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByRole("alert")).toContainText("did you mean runs?");
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText("SELECT * FROM run_ch");
  await page.keyboard.press("Control+Space");
  await expect(page.getByRole("option", { name: /run_changes/ })).toBeVisible();
});
