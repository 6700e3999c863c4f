import { accessible, expect, makeRun, stream, test, URL } from "./pages";

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

test("s6 texts of users never become markup or script", async ({ page, request }) => {
  const payloads = [
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"><svg onload=window.hit=1>',
    "javascript:window.hit=1",
    "{{constructor.constructor('window.hit=1')()}}",
    "';window.hit=1;//",
    "</title><script>window.hit=1</script>",
  ];
  for (const [index, payload] of payloads.entries()) {
    const name = `x${index}`;
    const config = JSON.stringify({ [payload]: { value: payload } });
    await makeRun(request, {
      name,
      project: "payloads",
      displayName: payload,
      notes: payload,
      groupName: payload,
      jobType: payload,
      tags: [payload.slice(0, 60)],
      host: payload,
      config,
      summaryMetrics: JSON.stringify({ [payload]: payload }),
    });
    await stream(request, "payloads", name, {
      files: {
        "output.log": { offset: 0, content: [payload] },
        "wandb-history.jsonl": { offset: 0, content: [JSON.stringify({ _step: 0, [payload]: 1 })] },
      },
    });
  }
  const paths = [
    "table",
    "workspace",
    ...payloads.flatMap((_, index) => ["overview", "charts", "logs", "events"].map((tab) => `runs/x${index}/${tab}`)),
  ];
  for (const path of paths) {
    await page.goto(`${URL}/ada/payloads/${path}`);
    await expect(page.getByText("window.hit").first()).toBeVisible();
    expect(await page.evaluate(() => "hit" in window)).toBe(false);
    expect(await page.locator("main img[src=x], main script").count()).toBe(0);
  }
});
