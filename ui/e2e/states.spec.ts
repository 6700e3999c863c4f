import type { APIRequestContext, Page } from "@playwright/test";
import type { Board } from "../src/model/board";
import { writeBoard } from "../src/model/boardText";
import { accessible, expect, makeRun, stream, test, URL } from "./pages";
import { PAYLOADS } from "./payloads";

test("what is not there says so and leads on", async ({ page }) => {
  await page.goto(`${URL}/ada/no-such-project`);
  await expect(page.getByRole("heading", { name: "There is no project no-such-project of ada" })).toBeVisible();
  await accessible(page);
  await page.getByRole("link", { name: "All projects", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Projects" })).toBeVisible();
  await page.goto(`${URL}/nobody`);
  await expect(page.getByRole("heading", { name: "nobody has no projects" })).toBeVisible();
});

test("a lost connection is told, and the page goes on by itself", async ({ page, request }) => {
  await makeRun(request, { name: "first", project: "offline" });
  // What is asked fails as it does when the server is gone; the page itself is there.
  let isCut = false;
  await page.route("**/api/events**", (route) =>
    isCut ? route.abort() : route.fulfill({ status: 200, contentType: "text/event-stream", body: "retry: 300\n\n" }),
  );
  await page.goto(`${URL}/ada/offline/table`);
  await expect(page.getByText("1 run", { exact: true })).toBeVisible();
  isCut = true;
  await expect(page.getByText("The connection is lost.")).toBeVisible();
  await page.unroute("**/api/events**");
  await expect(page.getByText("The connection is lost.")).toBeHidden({ timeout: 15_000 });
});

/** Each text in a run of its own, in all fields that a run has once, and in one run all of them in what it logs. */
async function logAll(request: APIRequestContext): Promise<void> {
  const run = (payload: string, index: number) =>
    makeRun(request, {
      name: `x${index}`,
      project: "payloads",
      displayName: payload,
      notes: payload,
      groupName: payload,
      jobType: payload,
      tags: [payload.slice(0, 60)],
      host: payload,
      program: payload,
      repo: payload,
      commit: payload,
      config: JSON.stringify({ [payload]: { value: payload }, nested: { value: { [payload]: payload } } }),
      summaryMetrics: JSON.stringify({ [payload]: payload }),
    });
  for (let from = 0; from < PAYLOADS.length; from += 10)
    await Promise.all(PAYLOADS.slice(from, from + 10).map((payload, at) => run(payload, from + at)));
  await makeRun(request, { name: "all", project: "payloads", displayName: "all of them" });
  const numbers = Object.fromEntries(PAYLOADS.map((payload, at) => [payload, at]));
  const media = PAYLOADS.map((payload) => [
    `media/${payload}`,
    { _type: "image-file", path: "media/images/hit.png", caption: payload },
  ]);
  const row = { _step: 0, ...numbers, ...(Object.fromEntries(media) as Record<string, unknown>) };
  await stream(request, "payloads", "all", {
    files: {
      "output.log": { offset: 0, content: PAYLOADS },
      "wandb-history.jsonl": { offset: 0, content: [JSON.stringify(row)] },
    },
  });
}

/** Nothing of what users wrote is an element, and nothing ran. */
async function harmless(page: Page): Promise<void> {
  expect(
    await page.evaluate(() => [
      "hit" in window || "hit" in Object.prototype,
      document.querySelectorAll(
        "#root :is(script, iframe, object, embed, base, meta, link, marquee, math, [onerror], [onload], [onfocus], [ontoggle], [onmouseover], [src=x], [href^='javascript:' i], [href^='data:'])",
      ).length,
    ]),
  ).toEqual([false, 0]);
}

/** Goes to another page as a click on a link does. */
async function go(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    history.pushState({}, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
}

test("s6 texts of users never become markup or script", async ({ page, request }) => {
  test.setTimeout(90_000);
  expect(PAYLOADS.length).toBe(60);
  await logAll(request);
  const text = (where = "main") => page.locator(where).evaluate((element) => element.textContent);
  const project = "/ada/payloads";

  await page.goto(`${URL}${project}/runs/x0`);
  for (const [index, payload] of PAYLOADS.entries()) {
    await go(page, `${project}/runs/x${index}`);
    await expect(page.getByRole("heading", { level: 1 })).toContainText(payload.trim().replace(/\s+/g, " "));
    // Name, notes, group, job type, host, repository, commit, tag; both sides of config, of nested config, of summary.
    // A tag has 64 characters at most.
    const times = payload.length > 60 ? 13 : 14;
    await expect.poll(async () => (await text()).split(payload).length - 1, payload).toBeGreaterThanOrEqual(times);
    await harmless(page);
  }
  // What holds all of them at once: metrics, media with captions, lines, events.
  for (const tab of ["charts", "media", "logs", "events"]) {
    await go(page, `${project}/runs/all/${tab}`);
    if (tab !== "events") await expect.poll(text).toContain(PAYLOADS[0]);
    await harmless(page);
  }
  // The table, over all its columns.
  await go(page, `${project}/table`);
  const grid = page.getByRole("grid");
  await expect(page.getByText("61 runs")).toBeVisible();
  const { width, height } = await grid.evaluate((element) => ({
    width: element.scrollWidth,
    height: element.scrollHeight,
  }));
  const names = new Set<string>();
  for (let x = 0; x < width; x += 2_500) {
    await grid.evaluate((element, to) => element.scrollTo(to, to % 5_000 === 0 ? 0 : element.scrollHeight), x);
    await expect(page.locator(".cell-waiting")).toHaveCount(0);
    for (const name of await page.locator(".run-link").allTextContents()) names.add(name);
    await harmless(page);
  }
  expect(height).toBeGreaterThan(1_800);
  expect(PAYLOADS.filter((payload) => !names.has(payload)).length).toBeLessThan(20);
  await go(page, `${project}/table?group=${encodeURIComponent(JSON.stringify(["group_name"]))}`);
  await expect(page.getByText("61 groups of 61 runs")).toBeVisible();
  await harmless(page);
  const ids = PAYLOADS.slice(0, 60).map((_, index) => `x${index}`);
  for (let from = 0; from < ids.length; from += 10) {
    await go(page, `${project}/table?compare=${encodeURIComponent(JSON.stringify(ids.slice(from, from + 10)))}`);
    await expect(page.getByRole("columnheader", { name: "hit" }).first()).toBeVisible();
    await harmless(page);
  }
  // The workspace, with panels that a link describes.
  const panels: Board["panels"] = {
    "+1": { kind: "markdown", text: PAYLOADS.join("\n\n"), title: PAYLOADS.join(" ") },
    "+2": { kind: "bar", keys: ["summary.hit"], group: PAYLOADS[0], title: PAYLOADS[12] },
    "+3": { kind: "compare" },
  };
  const board = writeBoard({ v: 1, panels, gone: [], order: [[PAYLOADS[12] ?? "", Object.keys(panels)]] });
  await go(page, `${project}/workspace?board=${board ?? ""}`);
  await expect(page.getByRole("region", { name: "Text" })).toContainText("window.hit");
  await expect(page.getByRole("article").nth(5)).toBeVisible();
  await harmless(page);
});
