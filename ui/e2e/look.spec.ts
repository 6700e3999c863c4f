/**
 * How pages look, in both themes, beside how they looked: what nobody meant to change shows here. The data are the same
 * each time; what is not (times, ids, hosts) is hidden, by `look.css`.
 *
 *     npm run e2e -- look --update-snapshots     keeps what the pages look like now
 *
 * The pages ask for the system's font: kept pictures are those of DejaVu Sans, which Debian's and Ubuntu's fonts-dejavu-core has.
 */
import type { Page } from "@playwright/test";
import { expect, test, URL } from "./pages";

// The style that hides what changes is a style of the page's own to its policy.
test.use({ bypassCSP: true });

interface Look {
  name: string;
  path: string;
  /** Waits until all of it is there. */
  ready: (page: Page) => Promise<unknown>;
}

const image = (name: string | RegExp) => (page: Page) => expect(page.getByRole("img", { name }).first()).toBeVisible();
const text = (shown: string) => (page: Page) => expect(page.getByText(shown).first()).toBeVisible();

const LOOKS: Look[] = [
  {
    name: "home",
    path: "/",
    ready: async (page) => {
      await page.getByRole("searchbox").first().fill("letters");
      await expect(page.locator(".project")).toHaveCount(1);
    },
  },
  { name: "workspace", path: "/ada/digits", ready: image(/^train\/acc: 8 lines/) },
  { name: "media", path: "/ada/pond/workspace", ready: image("newt 1 at 6") },
  { name: "custom", path: "/ada/garden/runs/grower/charts", ready: image(/^ROC: lines/) },
  {
    name: "table",
    path: `/ada/digits/table?cols=${encodeURIComponent(JSON.stringify(["state", "tags", "group_name", "config.learning_rate", "summary.val/acc"]))}`,
    ready: text("sgd-0.01"),
  },
  { name: "charts", path: "/ada/pond/runs/frog/charts", ready: text("plant") },
  { name: "overview", path: "/ada/pond/runs/frog", ready: text("shade") },
  { name: "login", path: "/login", ready: text("API key") },
  { name: "settings", path: "/settings", ready: text("Storage") },
  { name: "gallery", path: "/ada/pond/runs/frog/media", ready: image("frog 1 at 8") },
  { name: "artifacts", path: "/ada/garden/artifacts", ready: text("flowers") },
  { name: "version", path: "/ada/garden/artifacts/dataset/flowers", ready: text("huge.bin") },
  { name: "sql", path: `/sql?q=${encodeURIComponent("SELECT 1 AS one, 'two' AS two")}`, ready: text("Run") },
];

for (const { name, path, ready } of LOOKS) {
  test(`${name} looks as it did`, async ({ page }) => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(URL + path);
      await ready(page);
      await expect(page).toHaveScreenshot(`${name}-${colorScheme}.png`);
    }
  });
}

test("the pictures that are kept are of the font that this machine has", async ({ page }) => {
  await page.goto(URL);
  const font = await page.evaluate(async () => {
    const width = (family: string) => {
      const context = document.createElement("canvas").getContext("2d");
      if (context === null) return 0;
      context.font = `40px ${family}`;
      return context.measureText("What nobody meant to change").width;
    };
    await document.fonts.ready;
    return { own: width("system-ui"), dejavu: width("'DejaVu Sans'"), none: width("'no such font', monospace") };
  });
  expect(font.dejavu).not.toBe(font.none);
  expect(font.own).toBe(font.dejavu);
});
