import { accessible, expect, test, URL } from "./pages";

test("a view is kept for others, opened, replaced and removed", async ({ page, context }) => {
  const filter = encodeURIComponent("state = Finished");
  await page.goto(`${URL}/ada/digits/table?filter=${filter}`);
  const box = page.getByRole("combobox", { name: "Filter" });
  await expect(box).toHaveValue("state = Finished");
  await page.getByRole("button", { name: "Views" }).click();
  await accessible(page);
  await page.getByLabel("Keep this page as").fill("Done ones");
  await page.getByRole("button", { name: "Save" }).click();
  const kept = page.getByRole("list", { name: "Views that are kept" });
  await expect(kept).toContainText("Done ones");
  await accessible(page);
  await expect(page.getByRole("button", { name: "View: Done ones" })).toBeVisible();

  // Somebody else has it, on the other page of the project too.
  const other = await context.newPage();
  await other.goto(`${URL}/ada/digits`);
  await other.getByRole("button", { name: "Views" }).click();
  await other.getByRole("button", { name: "Done ones runs table" }).click();
  await expect(other).toHaveURL(/\/ada\/digits\/table\?filter=/);
  await expect(other.getByRole("combobox", { name: "Filter" })).toHaveValue("state = Finished");

  // The same name again replaces it, and who looks sees it at once.
  await page.goto(`${URL}/ada/digits/table?filter=${encodeURIComponent("state = Failed")}`);
  await page.getByRole("button", { name: "Views" }).click();
  await page.getByLabel("Keep this page as").fill("Done ones");
  await page.getByRole("button", { name: "Replace" }).click();
  await expect(page.getByRole("button", { name: "View: Done ones" })).toBeVisible();
  await expect(kept.getByRole("listitem")).toHaveCount(1);
  await expect(other.getByRole("button", { name: "Views" })).toBeVisible();

  await page.getByRole("button", { name: "Remove Done ones" }).click();
  await expect(kept).toHaveCount(0);
  await other.getByRole("button", { name: "Views" }).click();
  await expect(other.getByText("A view keeps what the page shows")).toBeVisible();
});
