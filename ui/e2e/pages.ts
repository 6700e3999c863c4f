/** What all tests of pages use: a browser that is signed in, other runs by HTTP, and a check of accessibility. */
import AxeBuilder from "@axe-core/playwright";
import type { APIRequestContext, Page } from "@playwright/test";
import { expect, test as base } from "@playwright/test";

export const URL = process.env.WBQ_URL ?? "";
export const KEY = process.env.WBQ_KEY ?? "";

/** A page whose person is signed in. What its console complains of fails the test, and so does any request elsewhere. */
export const test = base.extend<{ page: Page }>({
  page: async ({ page, context }, give) => {
    const complaints: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on(
      "request",
      (request) =>
        !request.url().startsWith(URL) &&
        !request.url().startsWith("blob:") &&
        complaints.push(`asked ${request.url()}`),
    );
    const reply = await context.request.post(`${URL}/login`, { data: { key: KEY }, headers: { origin: URL } });
    expect(reply.ok()).toBe(true);
    await give(page);
    // Statements that are wrong on purpose, and a line that is cut on purpose, are answered so.
    expect(
      complaints.filter(
        (text) => !/status of 40[014]|ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_CONNECTION_REFUSED/.test(text),
      ),
    ).toEqual([]);
  },
});

export { expect };

/** No violation that axe finds, in either theme. */
export async function accessible(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(
      violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes.map(({ html }) => html).join(" ")}`),
    ).toEqual([]);
  }
}

const headers = () => ({ authorization: `Bearer ${KEY}` });

const UPSERT = `mutation UpsertBucket($name: String, $project: String, $entity: String, $displayName: String, $notes: String, $groupName: String, $jobType: String, $host: String, $program: String, $repo: String, $commit: String, $tags: [String!], $config: JSONString, $summaryMetrics: JSONString) {
  upsertBucket(input: { name: $name, modelName: $project, entityName: $entity, displayName: $displayName, notes: $notes, groupName: $groupName, jobType: $jobType, host: $host, jobProgram: $program, jobRepo: $repo, commit: $commit, tags: $tags, config: $config, summaryMetrics: $summaryMetrics }) { bucket { id } } }`;

/** Makes a run as the client's first request does. */
export async function makeRun(
  request: APIRequestContext,
  run: { name: string; project: string } & Record<string, unknown>,
  url = URL,
  key = KEY,
): Promise<void> {
  const reply = await request.post(`${url}/graphql`, {
    headers: { authorization: `Bearer ${key}` },
    data: { query: UPSERT, variables: { entity: "ada", host: "h", displayName: run.name, ...run } },
  });
  const body = (await reply.json()) as { errors?: unknown };
  expect(body.errors).toBeUndefined();
}

/** Sends lines of a run's files as the client does. */
export async function stream(request: APIRequestContext, project: string, run: string, body: unknown): Promise<void> {
  const reply = await request.post(`${URL}/files/ada/${project}/${run}/file_stream`, {
    headers: headers(),
    data: body,
  });
  expect(reply.ok()).toBe(true);
}

export async function rowsOf(request: APIRequestContext, sql: string): Promise<Record<string, unknown>[]> {
  const reply = await request.post(`${URL}/sql`, {
    headers: { ...headers(), accept: "application/json" },
    data: { sql },
  });
  return (await reply.json()) as Record<string, unknown>[];
}

/** The id of a run of digits by its name. */
export async function idOf(request: APIRequestContext, name: string): Promise<string> {
  const [row] = await rowsOf(request, `SELECT run_id FROM runs WHERE project = 'digits' AND name = '${name}'`);
  return String(row?.run_id);
}
