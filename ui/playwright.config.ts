import { defineConfig } from "@playwright/test";

const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export default defineConfig({
  testDir: "e2e",
  globalSetup: "./e2e/setup.ts",
  workers: 1,
  timeout: 40_000,
  expect: {
    timeout: 10_000,
    toHaveScreenshot: { maxDiffPixelRatio: 0.01, stylePath: "./e2e/look.css", scale: "css", caret: "hide" },
  },
  // One picture for all machines: its font is checked.
  snapshotPathTemplate: "e2e/looks/{arg}{ext}",
  forbidOnly: true,
  reporter: [["list"], ["junit", { outputFile: process.env.WBQ_JUNIT ?? "test-results/browser.xml" }]],
  use: {
    viewport: { width: 1280, height: 720 },
    trace: "retain-on-failure",
    launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: quiet },
  },
});
