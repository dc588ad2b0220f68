// After a way back: the app that was undone is attempted again, a press whose answer was lost starts nothing twice, and
// what a restore has kept is released by two administrators.
import type { Page } from "@playwright/test";
import { approve } from "../support/approvals.ts";
import { command } from "../support/command.ts";
import { expectUndone } from "../support/coverage.ts";
import { expect, expectAccessible, test, watchOf } from "../support/fixtures.ts";
import { administrator, second } from "../support/people.ts";
import { prepareForRun, startRun } from "../support/preparations.ts";
import { confirmTyped } from "../support/questions.ts";

test.use({ house: "afterwards" });
test.describe.configure({ mode: "serial", timeout: 240_000 });

const system = "/systems/obcms";

/** What the server answers to a command that must succeed. */
async function ask(page: Page, method: string, path: string, body?: unknown) {
  const answer = await command(page, method, `${system}${path}`, body);
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  return answer.body;
}

async function runIs(page: Page, number: number, state: string): Promise<void> {
  await expect.poll(async () => (await ask(page, "GET", `/runs/${number}`)).summary.state, { timeout: 120_000 }).toBe(state);
}

/** The first run, to its end. */
async function migrate(page: Page): Promise<void> {
  await prepareForRun(page, system);
  const { fingerprint } = await ask(page, "GET", "/plan");
  await ask(page, "POST", "/runs", { fingerprint });
  await runIs(page, 1, "waiting-at-gate");
  await ask(page, "POST", "/decisions/rule", { model: "PPA", preview: false, rule: { all: { organization: "OOBC" } } });
  await runIs(page, 1, "done");
}

test("one app is undone, and its record offers to attempt it again", async ({ open }) => {
  const page = await open(administrator, system);
  await migrate(page);
  await page.goto(`${system}/rollback`);
  await page.getByRole("radio", { name: "Undo some apps" }).check();
  await page.getByRole("checkbox", { name: /^Communities/ }).check();
  await page.getByRole("button", { name: "Undo Communities…" }).click();
  await confirmTyped(page, "Undo Communities?");
  const record = page.getByRole("region", { name: "Undone: communities" });
  await expect(record.getByText("Rolled back", { exact: true })).toBeVisible({ timeout: 120_000 });
  await expect(record.getByRole("link", { name: "Attempt Communities again" })).toBeVisible();
  await expectAccessible(page);
  await expectUndone(page, system, "communities");
});

test("the app is attempted again by another run, and every record has its organization again", async ({ open }) => {
  const page = await open(administrator, `${system}/rollback`);
  await page.getByRole("link", { name: "Attempt Communities again" }).click();
  await expect(page).toHaveURL(/\/runs\/new$/);
  await page.getByRole("button", { name: "Run preflight" }).click();
  // nobody was told yet that it is attempted again
  const left = page.getByText(/required items? of the checklist left/).first();
  await expect(left).toBeVisible({ timeout: 30_000 });
  await ask(page, "POST", "/updates", { title: "Communities is attempted again tonight", body: "Its records stay readable." });
  await expect(left).toBeHidden({ timeout: 30_000 });
  await startRun(page, 2);
  await expect(page.locator("main .head").getByText("Done", { exact: true })).toBeVisible({ timeout: 120_000 });
  await expectAccessible(page);

  const { all } = await ask(page, "GET", "/coverage");
  await expectUndone(page, system);
  expect(all.assigned).toBe(all.total);
  await page.goto(`${system}/rollback`);
  await expect(page.getByRole("region", { name: "Undone: communities" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Attempt Communities again" })).toBeHidden();
});

test("a press whose answer was lost is pressed again, and is done once", async ({ open }) => {
  const page = await open(administrator, `${system}/reports`);
  watchOf(page).connectionWillBeLost();
  const keys: (string | undefined)[] = [];
  await page.route(`**/api/v1${system}/reports`, async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    keys.push(route.request().headers()["idempotency-key"]);
    if (keys.length > 1) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await page.getByRole("button", { name: "Measure now" }).click();
  await expect(page.getByText("Switchyard does not answer")).toBeVisible({ timeout: 60_000 });
  await page.getByRole("button", { name: "Measure now" }).click();
  await expect(page).toHaveURL(/\/reports\/1$/, { timeout: 60_000 });
  expect(keys).toEqual([expect.stringMatching(/./), keys[0]]);
  expect(await ask(page, "GET", "/reports")).toHaveLength(1);

  // answered, the next press is another one
  await page.goBack();
  await page.getByRole("button", { name: "Measure now" }).click();
  await expect(page).toHaveURL(/\/reports\/2$/, { timeout: 60_000 });
  expect(keys[2]).not.toBe(keys[0]);
});

test("a restore keeps the database before it", async ({ open }) => {
  const page = await open(administrator, `${system}/rollback`);
  await page.getByRole("radio", { name: "Go back in full" }).check();
  await page.getByRole("button", { name: /^Restore .*…$/ }).click();
  await confirmTyped(page, /^Restore .*\?$/);
  const record = page.getByRole("region", { name: /^Restored / });
  await expect(record.getByText("Rolled back", { exact: true })).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole("region", { name: "Kept from before a restore" }).getByText(/before-restore-/)).toBeVisible();
  await expect(page.getByRole("link", { name: /^Attempt / })).toBeHidden();
  await expectAccessible(page);
});

test("one administrator asks to release it, the other approves, and nobody approves their own", async ({ open, server }) => {
  await server.restartWith("[approvals]\nrequire_second_administrator = true\n");
  const page = await open(administrator, `${system}/rollback`);
  const kept = page.getByRole("region", { name: "Kept from before a restore" });
  const dialog = page.getByRole("dialog", { name: "Release the kept database?" });
  const release = kept.getByRole("button", { name: /^Release / });
  await release.click();
  await expect(dialog.getByText("A second administrator has to approve")).toBeVisible();
  await expectAccessible(page);
  await dialog.getByLabel(/^Type .* to confirm$/).fill("OBCMS");
  await dialog.getByRole("button", { name: "Ask for approval" }).click();
  await expect(dialog).toBeHidden();

  const asked = page.getByRole("region", { name: "Approvals" });
  await expect(asked.getByText("Waiting", { exact: true }).first()).toBeVisible();
  await expect(asked.getByRole("button", { name: "Approve" })).toBeHidden();
  const [{ id }] = await ask(page, "GET", "/approvals");
  expect((await command(page, "POST", `${system}/approvals/${id}`, { approve: true, note: "" })).status, "by the one who asked").toBe(403);
  await release.click();
  await expect(dialog.getByText("Waiting for a second administrator")).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Release it for good" })).toBeHidden();
  await dialog.getByRole("button", { name: "Keep it" }).click();

  const theirs = await open(second, `${system}/rollback`);
  await approve(theirs, /Release .*before-restore-.* for good/, "The present data was looked at");
  await expect(asked.getByText(/Approved by s\.dimaporo: The present data was looked at/)).toBeVisible();

  await release.click();
  await expect(dialog.getByText("Approved by a second administrator")).toBeVisible();
  await expectAccessible(page);
  await confirmTyped(page, "Release the kept database?");
  await expect(kept).toBeHidden();
  await expect(theirs.getByRole("region", { name: "Kept from before a restore" })).toBeHidden();
  await expect(asked.getByText("Used", { exact: true }).first()).toBeVisible();
  await page.goto(`${system}/audit?action=backup.kept-released`);
  await expect(page.getByText(/^Releases .* for good.*approved by s\.dimaporo/)).toBeVisible();
});
