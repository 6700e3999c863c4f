import type { Page } from "@playwright/test";
import { accessible, expect, makeRun, rowsOf, test, URL } from "./pages";

const TABLE = `${URL}/ada/digits/table`;

/** The names in the order in which they stand. */
async function names(page: Page): Promise<string[]> {
  const rows = await page
    .locator(".grid-row .run-link")
    .evaluateAll((links) =>
      links.map((link) => [link.closest(".grid-row")?.getAttribute("aria-rowindex"), link.textContent] as const),
    );
  return rows.sort(([a], [b]) => Number(a) - Number(b)).map(([, name]) => name.trim());
}

async function choose(page: Page, column: string, item: string): Promise<void> {
  await page.getByRole("button", { name: `Column ${column}`, exact: true }).click();
  await page.getByRole("menuitem", { name: item, exact: false }).first().click();
}

const heads = (page: Page) =>
  page.getByRole("columnheader").evaluateAll((cells) =>
    cells
      .map(
        (cell) =>
          [
            Number(cell.getAttribute("aria-colindex")),
            cell.querySelector("button")?.getAttribute("aria-label")?.replace("Column ", ""),
          ] as const,
      )
      .sort(([a], [b]) => a - b)
      .map(([, name]) => name)
      .filter(Boolean),
  );

test("runs stand newest first, and a menu sorts by one column and then by another", async ({ page }) => {
  await page.goto(TABLE);
  await expect(page.getByRole("grid", { name: "Runs" })).toBeVisible();
  await expect
    .poll(() => names(page))
    .toEqual(["sgd-0.01", "sgd-0.03", "sgd-0.1", "sgd-0.3", "adam-0.01", "adam-0.03", "adam-0.1", "adam-0.3"]);
  await accessible(page);
  await choose(page, "State", "Sort ascending");
  await choose(page, "Name", "Then by this, descending");
  await expect
    .poll(() => names(page))
    .toEqual(["sgd-0.01", "sgd-0.3", "sgd-0.1", "sgd-0.03", "adam-0.3", "adam-0.1", "adam-0.03", "adam-0.01"]);
  await expect(page).toHaveURL(/sort=/);
  await page.goBack();
  await page.goBack();
  await expect.poll(async () => (await names(page))[1]).toBe("sgd-0.03");
});

test("a filter is typed with what can stand at the caret, and what is wrong is told", async ({ page }) => {
  await page.goto(TABLE);
  const line = page.getByRole("combobox", { name: "Filter" });
  await line.click();
  await line.pressSequentially("optim");
  await page.getByRole("option", { name: "config.optimizer.name" }).click();
  await page.getByRole("option", { name: "=", exact: true }).click();
  await page.getByRole("option", { name: "sgd" }).click();
  await page.keyboard.press("Enter");
  await expect(page.getByText("4 runs", { exact: true })).toBeVisible();
  await expect(page).toHaveURL(/filter=/);
  await line.fill("config.learning_rate <<");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("expected a value");
  await line.fill("state = Failed or config.learning_rate = 0.3");
  await page.keyboard.press("Enter");
  await expect.poll(() => names(page)).toEqual(["sgd-0.01", "sgd-0.3", "adam-0.3"]);
  await line.fill("state = Crashed");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "No run fits the filter" })).toBeVisible();
  await page.getByRole("button", { name: "Show all runs" }).click();
  await expect(page.getByText("8 runs", { exact: true })).toBeVisible();
});

test("the builder makes the same filter of conditions and groups, and reads it back", async ({ page }) => {
  await page.goto(TABLE);
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  const builder = page.getByRole("dialog", { name: "Filter" });
  await builder.getByLabel("Column").fill("state");
  await builder.getByLabel("Operator").selectOption("=");
  await builder.getByLabel("Value").fill("Finished");
  await builder.getByRole("button", { name: "+ Group" }).click();
  await builder.getByLabel("Column").nth(1).fill("config.learning_rate");
  await builder.getByLabel("Operator").nth(1).selectOption("<=");
  await builder.getByLabel("Value").nth(1).fill("0.01");
  await builder.getByRole("button", { name: "+ Condition" }).first().click();
  await builder.getByLabel("Column").nth(2).fill("config.seed");
  await builder.getByLabel("Value").nth(2).fill("0");
  await accessible(page);
  await builder.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue(
    "state = Finished and (config.learning_rate <= 0.01 or config.seed = 0)",
  );
  await expect.poll(() => names(page)).toEqual(["adam-0.01", "adam-0.3"]);
  await page.getByRole("button", { name: /^Filter ?3$/ }).click();
  await expect(builder.getByLabel("Column")).toHaveCount(3);
});

test("runs are grouped with count, mean and spread, and a group opens", async ({ page }) => {
  await page.goto(TABLE);
  await page.getByRole("button", { name: "Group", exact: true }).click();
  await page.getByLabel("Group by a column").fill("optimizer");
  await page.getByRole("checkbox", { name: "config.optimizer.name" }).check();
  await page.keyboard.press("Escape");
  await expect(page.getByText("2 groups of 8 runs")).toBeVisible();
  await expect(page.getByRole("gridcell", { name: /^adam/ }).first()).toContainText("4 runs");
  await expect(page.locator(".spread").first()).toHaveAttribute("title", /4 values: mean .* from .* to /);
  await accessible(page);
  await page.getByRole("button", { name: "Open the group" }).first().click();
  await expect.poll(() => names(page)).toEqual(["adam-0.01", "adam-0.03", "adam-0.1", "adam-0.3"]);
  await page.getByRole("button", { name: "Close the group" }).click();
  await expect.poll(() => names(page)).toEqual([]);
});

test("columns are hidden, pinned, dragged and made wider, and a link shows the same", async ({ page }) => {
  await page.goto(TABLE);
  await expect.poll(async () => (await heads(page)).slice(0, 4)).toEqual(["Name", "State", "Tags", "Created"]);
  await choose(page, "Tags", "Hide");
  await expect.poll(async () => (await heads(page)).slice(0, 3)).toEqual(["Name", "State", "Created"]);
  await page
    .getByRole("columnheader")
    .filter({ hasText: "Created" })
    .dragTo(page.getByRole("columnheader").filter({ hasText: "State" }));
  await expect.poll(async () => (await heads(page)).slice(0, 3)).toEqual(["Name", "Created", "State"]);
  await page.getByRole("button", { name: /^Columns/ }).click();
  await page.getByLabel("Search columns").fill("val/");
  await page.getByRole("button", { name: "Pin 2" }).click();
  await accessible(page);
  await page.keyboard.press("Escape");
  await expect.poll(async () => (await heads(page)).slice(0, 4)).toEqual(["Name", "val/acc", "val/loss", "Created"]);
  const edge = page.getByRole("separator", { name: "Width of Name" });
  const box = await edge.boundingBox();
  if (box === null) throw new Error("the edge is not there");
  await page.mouse.move(box.x + 3, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + 83, box.y + 10, { steps: 4 });
  await page.mouse.up();
  await expect(edge).toHaveAttribute("aria-valuenow", "300");
  await page.goto("about:blank");
  await page.goBack();
  await expect.poll(async () => (await heads(page)).slice(0, 4)).toEqual(["Name", "val/acc", "val/loss", "Created"]);
  await expect(edge).toHaveAttribute("aria-valuenow", "300");
  await expect(page.locator(".grid-row").first().locator(".cell.pinned").nth(1)).toHaveText(/^0\.\d+$/);
});

test("arrows move, space ticks, Enter opens", async ({ page }) => {
  await page.goto(TABLE);
  await expect(page.getByText("8 runs", { exact: true })).toBeVisible();
  await page.getByRole("grid").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await expect(page.getByText("2 runs chosen")).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("grid")).toHaveAttribute("aria-activedescendant", "cell-2-1");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("sgd-0.1");
});

test("runs that are ticked are tagged, stopped and deleted, and come back", async ({ page, request }) => {
  for (const name of ["one", "two", "three"])
    await makeRun(request, { name, project: "changed", displayName: `run ${name}` });
  await page.goto(`${URL}/ada/changed/table`);
  await page.getByRole("checkbox", { name: "Choose run three" }).click();
  await page.getByRole("checkbox", { name: "Choose run two" }).click({ modifiers: ["Shift"] });
  await expect(page.getByText("2 runs chosen")).toBeVisible();
  await page.getByRole("button", { name: "Tag", exact: true }).click();
  await page.getByLabel("Add, with commas between").fill("best, new");
  await page.keyboard.press("Enter");
  await expect(page.getByText("2 runs tagged")).toBeVisible();
  await expect
    .poll(() => rowsOf(request, "SELECT tags FROM runs WHERE project = 'changed' AND run_id = 'two'"))
    .toEqual([{ tags: ["best", "new"] }]);
  await expect(page.getByRole("row").filter({ hasText: "run three" })).toContainText("best");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Stop 2 runs" }).click();
  await expect(page.getByText("2 runs asked to stop")).toBeVisible();
  await page.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("dialog")).toContainText("run three");
  await accessible(page);
  await page.getByRole("button", { name: "Delete 2 runs" }).click();
  await expect.poll(() => names(page)).toEqual(["run one"]);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => names(page)).toEqual(["run three", "run two", "run one"]);
});

test("a run that begins appears by itself", async ({ page, request }) => {
  await makeRun(request, { name: "before", project: "alive" });
  await page.goto(`${URL}/ada/alive/table`);
  await expect.poll(() => names(page)).toEqual(["before"]);
  await makeRun(request, { name: "after", project: "alive" });
  await expect.poll(() => names(page)).toEqual(["after", "before"]);
});

test("of many runs and columns only those on the screen are in the page", async ({ page, request }) => {
  const [runs, columns] = [1_500, 120];
  const config = (run: number) =>
    JSON.stringify(
      Object.fromEntries(
        Array.from({ length: columns }, (_, column) => [`setting_${column}`, { value: run * column }]),
      ),
    );
  for (let run = 0; run < runs; run += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, more) =>
        makeRun(request, { name: `r${run + more}`, project: "large", config: config(run + more) }),
      ),
    );
  }
  const began = Date.now();
  await page.goto(`${URL}/ada/large/table`);
  await expect(page.getByText("1,500 runs")).toBeVisible();
  await expect(page.locator(".run-link").first()).toBeVisible();
  console.log(`first rows of 1,500 runs and 120 columns: ${Date.now() - began} ms`);
  const inPage = () =>
    page.evaluate(() => [
      document.querySelectorAll(".grid-row").length,
      document.querySelectorAll(".grid-row:first-child .cell").length,
    ]);
  expect((await inPage()).every((count) => count < 60)).toBe(true);
  const grid = page.getByRole("grid");
  await grid.evaluate((element) => element.scrollTo(element.scrollWidth, element.scrollHeight));
  const last = page.locator('.grid-row[aria-rowindex="1501"]');
  await expect(last.locator(".run-link")).toBeVisible();
  await expect(page.getByRole("button", { name: "Column setting_99" })).toBeVisible();
  await expect(last.locator(".cell.free").last()).toHaveText(/\d/);
  expect((await inPage()).every((count) => count < 60)).toBe(true);
  const sorted = Date.now();
  await choose(page, "setting_99", "Sort descending");
  await grid.evaluate((element) => element.scrollTo(0, 0));
  await expect(page.locator('.grid-row[aria-rowindex="2"] .run-link')).toHaveText("r1499");
  console.log(`sorted by a column of config: ${Date.now() - sorted} ms`);
});
