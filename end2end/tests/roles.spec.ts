// What a viewer may do: read everything, change nothing. The console does not offer it, and the server refuses it.
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";
import { acceptLink, signIn } from "../support/accounts.ts";
import { command } from "../support/command.ts";
import { expect, expectAccessible, test } from "../support/fixtures.ts";
import { administrator, viewer } from "../support/people.ts";
import { confirmPassword } from "../support/questions.ts";

test.use({ house: "roles" });
test.describe.configure({ mode: "serial", timeout: 120_000 });

const system = "/systems/obcms";

/** Pages, and the words on what would change something there. */
const pages: [path: string, title: RegExp, words: RegExp][] = [
  [`${system}/checklist`, /^Checklist$/, /^Tick/],
  [`${system}/runs/new`, /^New run:/, /^(Run preflight|Check again|Start the run|Ask for approval)/],
  [`${system}/organizations`, /^Organizations$/, /^(Import CSV|Add one|Plan the waves|Start )/],
  [`${system}/mode`, /^Switch to BMMS mode$/, /^Switch to/],
  [`${system}/rollback`, /^Backups and rollback$/, /^(Back up now|Verify|Undo|Restore|Switch the mode back)/],
  [`${system}/reports`, /^Verification reports$/, /^Measure now/],
];

/** A way back is not carried out by choosing it, so what a viewer sends is otherwise right. */
const commands: [method: string, path: string, body: unknown][] = [
  ["POST", `${system}/backups`, null],
  ["POST", `${system}/reports`, null],
  ["POST", `${system}/organizations`, { code: "MOH", name: "Ministry of Health", kind: "ministry" }],
  ["POST", `${system}/mode`, { to: "multi", confirm: "BMMS" }],
  ["POST", `${system}/rollback`, { way: "mode", fingerprint: "0", confirm: "OBCMS" }],
  ["POST", "/accounts", { username: "n.sali", name: "Nur Sali", role: "administrator" }],
];

test("a viewer comes in by the link that an administrator hands over", async ({ open, sessions }) => {
  const page = await open(administrator, "/users");
  await page.getByRole("button", { name: "Invite a person" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill(viewer.name);
  await dialog.getByLabel("Account name").fill(viewer.username);
  await dialog.getByRole("radio", { name: /^Viewer/ }).check();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Make the link" }).click();
  const link = await page.getByLabel("One-time link").inputValue();
  await expectAccessible(page);

  const theirs = await open(null, new URL(link).pathname);
  await expect(theirs.getByRole("heading", { level: 1 })).toBeVisible();
  await expectAccessible(theirs);
  await acceptLink(theirs, viewer);
  sessions.set(viewer.username, await theirs.context().storageState());
});

/** What changes something on a page, when everything is loaded. */
async function offers(page: Page, [path, title, words]: (typeof pages)[number]): Promise<Locator> {
  await page.goto(path);
  await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible({ timeout: 30_000 });
  await expect(page.locator("[aria-busy=true]")).toHaveCount(0, { timeout: 30_000 });
  const main = page.getByRole("main");
  return main.getByRole("button", { name: words }).or(main.getByRole("link", { name: words }));
}

test("no page offers a viewer what only others may do", async ({ open }) => {
  const page = await open(viewer, "/systems");
  for (const place of pages) {
    const offered = await offers(page, place);
    for (const one of await offered.all()) await expect(one, place[0]).toHaveAttribute("aria-disabled", "true");
    await expectAccessible(page);
  }
});

test("the same pages do offer it to an administrator", async ({ open }) => {
  const page = await open(administrator, "/systems");
  for (const place of pages) await expect((await offers(page, place)).first(), place[0]).toBeVisible();
});

test("the users are for administrators alone", async ({ open }) => {
  const page = await open(viewer, "/users");
  await expect(page.getByText("Only an administrator sees and changes the users")).toBeVisible();
  await expect(page.getByRole("link", { name: "Users and roles" })).toHaveCount(0);
  await expectAccessible(page);
});

test("the server refuses a viewer's commands, whatever the console offers", async ({ open }) => {
  const page = await open(viewer, "/systems");
  for (const [method, path, body] of commands) {
    const answer = await command(page, method, path, body);
    expect([answer.status, answer.body.type], `${method} ${path}`).toEqual([403, expect.stringContaining("not-allowed")]);
  }
});

test("the audit log is narrowed to one kind of entry, and exactly that is exported", async ({ open }) => {
  const page = await open(administrator, "/audit");
  const entries = (action: string) => page.getByRole("rowheader").filter({ hasText: `${action} ` });
  await expect(entries("account.invited").first()).toBeVisible();
  await expect(entries("account.accepted").first()).toBeVisible();
  await page.getByLabel("Any action").selectOption("account.invited");
  await expect(entries("account.accepted")).toHaveCount(0);
  await page.getByLabel("Anyone").selectOption(administrator.username);
  await expect(page).toHaveURL(/action=account\.invited&actor=f\.usman/);
  await expect(entries("account.invited").first()).toBeVisible();
  await expectAccessible(page);
  const waiting = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export CSV" }).click();
  const lines = (await readFile(await (await waiting).path(), "utf8")).trim().split(/\r?\n/);
  expect(lines.length).toBe(1 + (await entries("account.invited").count()));
  for (const line of lines.slice(1)) expect(line).toContain("account.invited");
  await page.getByRole("button", { name: "Check the chain" }).click();
  await expect(page.getByText(/^The chain is whole: \d+ entries checked$/)).toBeVisible();
});

test("an administrator changes a role and disables an account, and nobody takes the last administrator away", async ({ open }) => {
  const theirs = await open(viewer, `${system}/checklist`);
  const tick = theirs.getByRole("button", { name: "Tick", exact: true }).first();
  await expect(tick).toHaveAttribute("aria-disabled", "true");

  const page = await open(administrator, "/users");
  const pick = async (name: string, item: string) => {
    await page.getByRole("button", { name: `Actions for ${name}` }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  const answer = async (question: string, act: string) => {
    const dialog = page.getByRole("dialog", { name: question });
    await expectAccessible(page);
    await confirmPassword(page, () => dialog.getByRole("button", { name: act }).click());
    await expect(dialog).toBeHidden();
  };
  const row = page.getByRole("row").filter({ hasText: viewer.username });
  await pick(viewer.name, "Make operator");
  await answer(`Make ${viewer.name} operator?`, "Change the role");
  await expect(row.getByRole("cell", { name: "Operator", exact: true })).toBeVisible();
  await theirs.reload();
  await expect(tick).not.toHaveAttribute("aria-disabled");

  await pick(viewer.name, "Disable");
  await answer(`Disable ${viewer.name}?`, "Disable the account");
  await expect(row.getByText("Disabled", { exact: true })).toBeVisible();
  await theirs.reload();
  await expect(theirs.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await signIn(theirs, viewer);
  await expect(theirs.getByRole("alert")).toBeVisible();

  await page.getByRole("button", { name: `Actions for ${administrator.name}` }).click();
  await expect(page.getByRole("menuitem", { name: /^Disable/ })).toHaveAttribute("aria-disabled", "true");
  await expect(page.getByText("The last administrator stays. Make another one first.").first()).toBeVisible();
});
