import type { Page } from "@playwright/test";
import { accessible, expect, test, URL } from "./pages";

const WORK = `${URL}/ada/digits`;

/** Sections with their panels, as they stand. */
const shown = (page: Page) =>
  page.locator(".section").evaluateAll((sections) =>
    sections.map((section) => {
      const titles = [...section.querySelectorAll("article")].map((panel) => panel.getAttribute("aria-label"));
      return `${section.querySelector("h2")?.textContent ?? ""}: ${titles.join(" ")}`;
    }),
  );
const PLAIN = ["Charts: epoch lr", "train: train/acc train/loss", "val: val/acc val/loss"];
const panel = (page: Page, name: string) => page.getByRole("article", { name, exact: true });
const lines = (page: Page, name: string) => panel(page, name).getByRole("img");

async function edit(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: `More of ${name}`, exact: true }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
}

test("a panel is added with metrics by name and by expression, edited, and a link shows the same", async ({ page }) => {
  await page.goto(WORK);
  await page.getByRole("button", { name: "Add panel" }).click();
  const editor = page.getByRole("dialog", { name: "Add a panel" });
  await editor.getByLabel("Search metrics").fill("lr");
  await editor.getByRole("checkbox", { name: "lr" }).check();
  await editor.getByLabel("And those that fit the expression").fill("^val/");
  await expect(editor.getByText("3 drawn: lr, val/acc, val/loss")).toBeVisible();
  await accessible(page);
  await editor.getByLabel("Legend below the lines").check();
  await editor.getByRole("button", { name: "Add panel" }).click();
  await expect(lines(page, "lr, /^val//")).toHaveAttribute("aria-label", /: 24 lines/);
  await expect(panel(page, "lr, /^val//").getByRole("list", { name: "Legend" })).toContainText("adam-0.3 val/loss");
  expect((await shown(page))[0]).toBe("Added: lr, /^val//");
  await edit(page, "lr, /^val//");
  const change = page.getByRole("dialog");
  await change.getByLabel("Title").fill("Mine");
  await change.getByLabel("Section").fill("train");
  await change.getByLabel("Smoothing").selectOption("ema");
  await change.getByLabel("Scale of y").selectOption("log");
  await change.getByLabel("Y from").fill("0.001");
  await change.getByLabel("Grouped by").fill("config.optimizer.name");
  await change.getByLabel("Band").selectOption("deviation");
  await change.getByLabel("X axis").selectOption("_runtime");
  const asked = page.waitForRequest(
    (sent) => sent.url().endsWith("/api/chart") && (sent.postData() ?? "").includes("deviation"),
  );
  await change.getByRole("button", { name: "Save" }).click();
  expect(JSON.parse((await asked).postData() ?? "{}")).toMatchObject({
    keys: ["lr", "val/acc", "val/loss"],
    x: "_runtime",
    smoothing: { kind: "ema", value: 0.9 },
    group: ['config."optimizer.name"'],
    band: "deviation",
  });
  await expect(lines(page, "Mine")).toHaveAttribute("aria-label", /: 6 lines/);
  const moved = ["Charts: epoch lr", "train: train/acc train/loss Mine", "val: val/acc val/loss"];
  expect(await shown(page)).toEqual(moved);
  const link = page.url();
  expect(link.length).toBeLessThan(500);
  await page.goto("about:blank");
  await page.goto(link);
  await expect(lines(page, "Mine")).toHaveAttribute("aria-label", /: 6 lines/);
  expect(await shown(page)).toEqual(moved);
  await page.getByLabel("Search panels").fill("mine");
  await expect(page.getByRole("article")).toHaveCount(1);
});

test("panels are moved by drag and by keys, resized and removed, and each step is taken back", async ({ page }) => {
  await page.goto(WORK);
  await expect(lines(page, "lr")).toBeVisible();
  const grip = (name: string) => page.getByRole("button", { name: `Move ${name}`, exact: true });
  await grip("val/loss").dragTo(panel(page, "train/loss"));
  const dragged = ["Charts: epoch lr", "train: train/acc val/loss train/loss", "val: val/acc"];
  await expect.poll(() => shown(page)).toEqual(dragged);
  await grip("epoch").dragTo(page.locator("summary").filter({ hasText: "train" }));
  await expect
    .poll(() => shown(page))
    .toEqual(["Charts: lr", "train: train/acc val/loss train/loss epoch", "val: val/acc"]);
  await grip("lr").focus();
  await page.keyboard.press("ArrowDown");
  await expect(grip("lr")).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => shown(page)).toEqual(["train: train/acc lr val/loss train/loss epoch", "val: val/acc"]);
  await page.getByRole("button", { name: "Size of lr", exact: true }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  const corner = page.getByRole("button", { name: "Size of val/loss", exact: true });
  await corner.scrollIntoViewIfNeeded();
  const [box, before] = [await corner.boundingBox(), await panel(page, "val/loss").boundingBox()];
  if (box === null || before === null) throw new Error("the corner is not there");
  await page.mouse.move(box.x + 5, box.y + 5);
  await page.mouse.down();
  await page.mouse.move(box.x + 5 + before.width * 0.9, box.y + 65, { steps: 5 });
  await page.mouse.up();
  await expect
    .poll(async () => (await panel(page, "val/loss").boundingBox())?.width)
    .toBeGreaterThan(before.width * 1.9);
  expect((await panel(page, "val/loss").boundingBox())?.height).toBe(before.height + 60);
  await page.getByRole("button", { name: "More of val/acc", exact: true }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await expect.poll(async () => (await shown(page))[1]).toBeUndefined();
  await accessible(page);
  const link = page.url();
  for (let step = 0; step < 8; step++) await page.keyboard.press("Control+z");
  await expect.poll(() => shown(page)).toEqual(PLAIN);
  await expect(page).not.toHaveURL(/board=/);
  await expect(page.getByRole("button", { name: "Undo" })).toBeDisabled();
  for (let step = 0; step < 8; step++) await page.keyboard.press("Control+Shift+z");
  await expect.poll(() => page.url()).toBe(link);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(async () => (await shown(page))[1]).toBe("val: val/acc");
  await page.getByRole("button", { name: "Reset panels" }).click();
  await expect.poll(() => shown(page)).toEqual(PLAIN);
});

test("what is taken back belongs to its project", async ({ page }) => {
  await page.goto(WORK);
  await page.getByRole("button", { name: "Move lr", exact: true }).focus();
  await page.keyboard.press("ArrowLeft");
  await expect.poll(async () => (await shown(page))[0]).toBe("Charts: lr epoch");
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to" }).fill("letters");
  await page.getByRole("option", { name: /letters.*workspace/ }).click();
  await expect(panel(page, "loss")).toBeVisible();
  await expect(page.getByRole("button", { name: "Undo" })).toBeDisabled();
  await expect(page).not.toHaveURL(/board=/);
});

test("a link whose panels cannot be read says so and shows those that are there by themselves", async ({ page }) => {
  await page.goto(`${WORK}?board=nonsense`);
  await expect(page.getByText("The panels that this link describes cannot be read.")).toBeVisible();
  await expect.poll(() => shown(page)).toEqual(PLAIN);
});
