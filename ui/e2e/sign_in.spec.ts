import { execFileSync } from "node:child_process";
import { expect, test as bare } from "@playwright/test";
import { accessible, idOf, KEY, test, URL } from "./pages";
import { BINARY, PAGES } from "./server";

bare("a key that is pasted signs in and leads to the page that was asked for", async ({ page }) => {
  await page.goto(`${URL}/ada/digits/table?filter=${encodeURIComponent("state = Failed")}`);
  await expect(page).toHaveURL(/\/login\?to=/);
  await accessible(page);
  await page.getByLabel("API key").fill("wrong-key");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("invalid API key");
  await page.getByLabel("API key").fill(KEY);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/ada\/digits\/table\?filter=/);
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue("state = Failed");
});

bare("a name and a password sign in, and a wrong one does not", async ({ page, request }) => {
  const added = await request.post(`${URL}/api/commands`, {
    headers: { authorization: `Bearer ${KEY}` },
    data: { command: "user_add", name: "grace", password: "correct horse" },
  });
  expect(added.ok()).toBe(true);
  await page.goto(`${URL}/login`);
  await page.getByRole("button", { name: "Sign in with a password" }).click();
  await accessible(page);
  await page.getByLabel("Name").fill("grace");
  await page.getByLabel("Password").fill("wrong horse");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("wrong name or password");
  await page.getByLabel("Password").fill("correct horse");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`${URL}/`);
  const told = await page.request.get(`${URL}/api/session`);
  expect(await told.json()).toMatchObject({ user: "grace", is_admin: false });
});

bare("the address of wbq open signs in once, at the page of the run", async ({ page, context }) => {
  bare.skip(PAGES !== undefined, "it prints the address of the binary, whose own pages are others");
  const print = (run: string) =>
    execFileSync(BINARY, ["--dir", process.env.WBQ_STORE ?? "", "open", run, "--print"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  const id = await idOf(context.request, "adam-0.3");
  const address = print(`digits/${id}`).trim();
  await page.goto(address);
  await expect(page).toHaveURL(`${URL}/ada/digits/runs/${id}`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("adam-0.3");
  await context.clearCookies();
  await page.goto("about:blank");
  await page.goto(address);
  await expect(page.getByRole("alert")).toContainText("run wbq open again");
});

test("who signs out is asked for a key again", async ({ page }) => {
  await page.goto(URL);
  await page.getByRole("button", { name: "You" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in to wbq" })).toBeVisible();
  await page.goto(`${URL}/ada/digits`);
  await expect(page).toHaveURL(/\/login/);
});

test("the page for a training has the lines to paste", async ({ page }) => {
  await page.goto(`${URL}/authorize`);
  await expect(page.getByLabel("The command to sign in")).toHaveText(`wandb login --host ${URL}`);
  await expect(page.getByLabel("Lines to paste")).toContainText(`WANDB_BASE_URL=${URL}`);
  await accessible(page);
});
