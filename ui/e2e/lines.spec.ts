import type { Page } from "@playwright/test";
import { accessible, expect, makeRun, stream, test, URL } from "./pages";

const WORK = `${URL}/ada/digits`;
const panel = (page: Page, name: string) => page.getByRole("article", { name, exact: true });
const plot = (page: Page, name: string) => panel(page, name).getByRole("img");
const legend = (page: Page, name: string) => panel(page, name).getByRole("list", { name: "Legend" });

async function edit(page: Page, name: string) {
  await page.getByRole("button", { name: `More of ${name}`, exact: true }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  return page.getByRole("dialog");
}

async function adding(page: Page) {
  await page.getByRole("button", { name: "Add panel" }).click();
  return page.getByRole("dialog", { name: "Add a panel" });
}

/** A point in the middle of a plot, under the mouse. */
async function hover(page: Page, name: string) {
  const over = panel(page, name).locator(".u-over");
  const box = await over.boundingBox();
  if (box === null) throw new Error("the plot is not there");
  await over.hover({ position: { x: box.width / 2, y: box.height / 2 } });
  return panel(page, name).locator(".tip");
}

test("expressions over metrics are lines and an axis, and what is wrong with one stands under its field", async ({
  page,
}) => {
  await page.goto(WORK);
  const editor = await adding(page);
  const [y, x] = [editor.getByLabel("Y expressions, one a line"), editor.getByLabel("X expression")];
  await y.fill('"train/loss" * (2 + 1');
  await expect(editor.getByText("this ( is not closed, at letter 16")).toBeVisible();
  await expect(y).toHaveAttribute("aria-invalid", "true");
  await accessible(page);
  await y.fill('"train/loss" - "train/loss" + 7\n"val/los" ** 2');
  await expect(editor.getByText(/no run has val\/los; near: .*val\/loss/)).toBeVisible();
  await expect(y).toHaveAttribute("aria-invalid", "false");
  await y.fill('"train/loss" - "train/loss" + 7');
  await x.fill("_step ^ 2");
  await expect(editor.getByText('"^" means nothing here, at letter 7')).toBeVisible();
  await x.fill("_step * 32 + lr");
  await editor.getByLabel("Title").fill("Seven");
  await editor.getByLabel("Legend below the lines").check();
  const asked = page.waitForRequest(
    (sent) => sent.url().endsWith("/api/chart") && sent.postData()?.includes("32") === true,
  );
  await editor.getByRole("button", { name: "Add panel" }).click();
  expect(JSON.parse((await asked).postData() ?? "{}")).toMatchObject({
    keys: [],
    expressions: ['"train/loss" - "train/loss" + 7'],
    x_expression: "_step * 32 + lr",
  });
  await expect(plot(page, "Seven")).toHaveAttribute("aria-label", /: 8 lines/);
  await expect(plot(page, "Seven")).toHaveAttribute("aria-description", "y from 6.3 to 7.7");
  await expect(await hover(page, "Seven")).toContainText("7");
  await page.reload();
  await expect(plot(page, "Seven")).toHaveAttribute("aria-description", "y from 6.3 to 7.7");
});

test("a group of the expression that finds metrics names their lines", async ({ page }) => {
  await page.goto(WORK);
  const editor = await adding(page);
  await editor.getByLabel("And those that fit the expression").fill("^val/(.+)$");
  await expect(editor.getByText("2 drawn: val/acc as acc, val/loss as loss")).toBeVisible();
  await editor.getByLabel("Legend below the lines").check();
  await editor.getByRole("button", { name: "Add panel" }).click();
  await expect(legend(page, "/^val/(.+)$/")).toContainText("adam-0.3 acc");
  await expect(legend(page, "/^val/(.+)$/")).not.toContainText("val/");
});

test("a template names lines by run, config and summary, and the crosshair by the point", async ({ page }) => {
  await page.goto(WORK);
  const editor = await edit(page, "train/loss");
  const names = editor.getByLabel("Names of the lines");
  await names.fill("${run:colour}");
  await expect(editor.getByText("${run:colour}: there are run:displayName")).toBeVisible();
  await accessible(page);
  await names.fill("${run:displayName} at ${config:learning_rate}: ${run:state} [[ $x: $y ]]");
  await editor.getByLabel("Legend below the lines").check();
  await editor.getByRole("button", { name: "Save" }).click();
  await expect(legend(page, "train/loss")).toContainText("adam-0.3 at 0.3: Finished");
  await expect(legend(page, "train/loss")).not.toContainText("$");
  await expect(await hover(page, "train/loss")).toContainText(/adam-0\.3 at 0\.3: Finished [\d,]+: [\d.]+/);
  // Of groups the point tells what its runs have, whatever is drawn for them.
  const again = await edit(page, "train/loss");
  await again.getByLabel("Names of the lines").fill("${group} [[ $mean ± $stddev of $min to $max ]]");
  await again.getByLabel("Grouped by").fill("config.optimizer.name");
  await again.getByLabel("Of a group").selectOption("max");
  await again.getByLabel("Band").selectOption("none");
  await again.getByRole("button", { name: "Save" }).click();
  await expect(legend(page, "train/loss")).toHaveText("adamsgd");
  const tip = await hover(page, "train/loss");
  await expect(tip).toContainText(/adam [\d.]+ ± [\d.]+ of [\d.]+ to [\d.]+/);
  const [, mean, low, high] =
    /adam ([\d.]+) ± [\d.]+ of ([\d.]+) to ([\d.]+)/.exec((await tip.textContent()) ?? "") ?? [];
  expect(Number(low)).toBeLessThan(Number(mean));
  expect(Number(mean)).toBeLessThan(Number(high));
});

test("outliers leave the view where a panel or the workspace ignores them", async ({ page, request }) => {
  await makeRun(request, { name: "spiky", project: "spikes" });
  const rows = Array.from({ length: 200 }, (_, step) => ({
    _step: step,
    _timestamp: 1_795_000_000 + step,
    loss: step === 100 ? 5000 : 1 + (step % 11) / 10,
  }));
  const content = rows.map((row) => JSON.stringify(row));
  await stream(request, "spikes", "spiky", { files: { "wandb-history.jsonl": { offset: 0, content } } });
  await page.goto(`${URL}/ada/spikes`);
  await expect(plot(page, "loss")).toHaveAttribute("aria-description", "y from 0 to 5,299.9");
  await page.getByRole("button", { name: "clip y" }).click();
  await expect(plot(page, "loss")).toHaveAttribute("aria-description", "y from 0 to 2.06");
  await accessible(page);
  const editor = await edit(page, "loss");
  await editor.getByLabel("Outliers").selectOption("show");
  await editor.getByRole("button", { name: "Save" }).click();
  await expect(plot(page, "loss")).toHaveAttribute("aria-description", "y from 0 to 5,299.9");
  await page.reload();
  await expect(page.getByRole("button", { name: "clip y" })).toHaveAttribute("aria-pressed", "true");
  await expect(plot(page, "loss")).toHaveAttribute("aria-description", "y from 0 to 5,299.9");
});

test("lines become areas and shares, and single ones have colours, widths, strokes and marks", async ({ page }) => {
  await page.goto(WORK);
  const top = async () => {
    const told = (await plot(page, "train/loss").getAttribute("aria-description")) ?? "";
    return Number(/to ([\d.]+)$/.exec(told)?.[1]);
  };
  await expect.poll(top).toBeLessThan(5);
  const shape = async (name: string) => {
    const editor = await edit(page, "train/loss");
    await editor.getByLabel("Drawn as").selectOption(name);
    await editor.getByRole("button", { name: "Save" }).click();
  };
  await shape("area");
  // Eight losses that begin above 2 stand on each other.
  await expect.poll(top).toBeGreaterThan(16);
  await shape("percent");
  await expect(plot(page, "train/loss")).toHaveAttribute("aria-description", "y from 0 to 100");
  await expect(await hover(page, "train/loss")).toContainText(/\d%/);
  await shape("line");
  const editor = await edit(page, "train/loss");
  await editor.getByLabel("Another line").selectOption("All lines");
  await editor.getByLabel("Width of All lines").fill("3");
  await editor.getByLabel("Another line").selectOption("adam-0.3");
  await editor.getByLabel("Colour of adam-0.3").fill("#ff0080");
  await editor.getByLabel("Stroke of adam-0.3").selectOption("dotted");
  await editor.getByLabel("Marks of adam-0.3").selectOption("diamond");
  await editor.getByLabel("Legend below the lines").check();
  await accessible(page);
  await editor.getByRole("button", { name: "Save" }).click();
  const mark = (name: string) =>
    legend(page, "train/loss").getByRole("listitem").filter({ hasText: name }).locator("i");
  await expect(mark("adam-0.3")).toHaveCSS("background-image", /rgb\(255, 0, 128\)/);
  await page.reload();
  await expect(mark("adam-0.3")).toHaveCSS("background-image", /rgb\(255, 0, 128\)/);
  await expect(mark("sgd-0.3")).toHaveCSS("background-image", "none");
  const again = await edit(page, "train/loss");
  await again.getByRole("button", { name: "As before: adam-0.3" }).click();
  await again.getByRole("button", { name: "Save" }).click();
  await expect(mark("adam-0.3")).toHaveCSS("background-image", "none");
});
