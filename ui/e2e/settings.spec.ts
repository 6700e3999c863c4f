import { accessible, expect, rowsOf, test, URL } from "./pages";

test("a key with a role and an end is made, shown once, works, and is revoked", async ({ page, playwright }) => {
  await page.goto(URL);
  await page.getByRole("button", { name: "You" }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  const section = page.getByRole("region", { name: "Keys", exact: true });
  await section.getByRole("button", { name: "New key" }).click();
  await page.getByLabel("Note").fill("the night trainer");
  await page.getByLabel("May").selectOption("reader");
  await page.getByRole("textbox", { name: "On" }).fill("nobody/here");
  await page.getByLabel("Ends").selectOption("After 30 days");
  await page.getByRole("button", { name: "Make it" }).click();
  const key = (await page.getByLabel("The key", { exact: true }).textContent()) ?? "";
  expect(key).toMatch(/^wbq_/);
  await page.getByRole("button", { name: "I have it" }).click();
  await expect(page.getByText(key)).toBeHidden();
  const row = section.getByRole("row", { name: /the night trainer/ });
  await expect(row).toContainText("reader on nobody/here");
  await expect(row).toContainText(new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10));
  const other = await playwright.request.newContext({ extraHTTPHeaders: { authorization: `Bearer ${key}` } });
  const asks = async () => (await other.post(`${URL}/sql`, { data: { sql: "SELECT 1" } })).status();
  expect(await asks()).toBe(200);
  await row.getByRole("button", { name: /Revoke/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await expect(row).toBeHidden();
  expect(await asks()).toBe(401);
  await other.dispose();
});

test("an admin adds a user and a team, gives a role and takes it back", async ({ page, request }) => {
  await page.goto(`${URL}/settings`);
  const users = page.getByRole("region", { name: "Users", exact: true });
  await users.getByLabel("Name of a new user").fill("Bob!");
  await users.getByRole("button", { name: "Add user" }).click();
  await expect(users.getByRole("alert")).toContainText("cannot be a name");
  await users.getByLabel("Name of a new user").fill("bob");
  await users.getByRole("button", { name: "Add user" }).click();
  await expect(page.getByLabel("The key", { exact: true })).toContainText("wbq_");
  await page.getByRole("button", { name: "I have it" }).click();
  await expect(users.getByRole("row", { name: /bob/ })).toContainText("what the roles say");
  const roles = page.getByRole("region", { name: "Teams and roles" });
  await roles.getByLabel("Name of a new team").fill("vision");
  await roles.getByRole("button", { name: "Add team" }).click();
  await expect(roles).toContainText("1 team: vision");
  await roles.getByLabel("User who is given a role").fill("bob");
  await roles.getByLabel("Where the role holds").fill("vision");
  await roles.getByLabel("Role that is given").selectOption("writer");
  await roles.getByRole("button", { name: "Give role" }).click();
  const role = roles.getByLabel("Role of bob on vision");
  await expect(role).toHaveValue("writer");
  await accessible(page);
  await role.selectOption("none");
  await expect
    .poll(() => rowsOf(request, "SELECT body->>'role' AS role FROM events WHERE kind = 'RoleGranted' ORDER BY lsn"))
    .toEqual([{ role: "writer" }, { role: "none" }]);
});

test("what each project takes is told, and the theme is chosen", async ({ page }) => {
  await page.goto(`${URL}/settings`);
  const storage = page.getByRole("region", { name: "Storage by project" });
  const digits = storage.getByRole("row", { name: /ada\/digits/ });
  await expect(digits.getByRole("cell").nth(1)).toHaveText("8");
  await expect(digits.getByRole("cell").nth(3)).toContainText("KiB");
  await expect(page.getByText(/^The log has .*iB in/)).toBeVisible();
  await page.getByRole("radio", { name: "Dark" }).check();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(page.getByRole("radio", { name: "Dark" })).toBeChecked();
});
