// A run, a backup and a restore that take long enough to be watched: how long the run takes is told as a range, to the
// public as well, the numbers go up by themselves, and a page that is loaded again shows the same.
import type { Page } from "@playwright/test";
import { command } from "../support/command.ts";
import { expect, expectAccessible, test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";
import { prepareForRun } from "../support/preparations.ts";
import { confirmTyped } from "../support/questions.ts";
import { canGrow, grow } from "../support/target.ts";

test.use({ house: "live" });
test.describe.configure({ mode: "serial", timeout: 480_000 });
test.skip(!canGrow, "There is no python3 with sqlite3 here");

const system = "/systems/obcms";

/** A number of the row at a glance. */
const glance = (page: Page, label: string) => page.locator(".stats > div").filter({ has: page.locator("dt", { hasText: new RegExp(`^${label}$`) }) });
/** As long as it may take, as people say it: never one number as if it were certain, unless both ends are the same. */
const range = /\d+ to \d+ (s|min)|(under|about) \d+ (s|min)/;

test("while rows are written the rest is told as a range, inside and outside, and a reload loses nothing", async ({ open, server }) => {
  const rows = grow(server, "project_central_ppa", 9);
  const page = await open(administrator, system);
  await prepareForRun(page, system);
  const { fingerprint, phases } = (await command(page, "GET", `${system}/plan`)).body;
  const keys: string[] = phases.flatMap((phase: { steps: { key: string }[] }) => phase.steps.map((step) => step.key));
  const until = keys.filter((key) => key.includes(".nullable.")).at(-1);
  expect((await command(page, "POST", `${system}/runs`, { fingerprint, until })).status).toBe(202);
  const run = async () => (await command(page, "GET", `${system}/runs/1`)).body;
  await expect.poll(async () => (await run()).summary.state, { timeout: 180_000 }).toBe("paused");

  // slow enough to be read: a twentieth of the time
  expect((await command(page, "PUT", `${system}/runs/1/pace`, { percent: 5 })).status).toBe(200);
  const reader = await open(null, "/status/obcms");
  const where = reader.getByRole("region", { name: "Where we are" });
  await page.goto(`${system}/runs/1`);
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  const progress = page.getByRole("progressbar", { name: "Progress" });
  const done = async () => Number(await progress.getAttribute("value"));
  await expect(progress).toHaveAttribute("max", String(rows), { timeout: 60_000 });
  await expect(glance(page, "Left in this step")).toContainText(range, { timeout: 30_000 });
  await expect(glance(page, "Left in this run")).toContainText(range);
  await expect(glance(page, "Speed")).toContainText(/[1-9][\d,]* ?\/ s/);
  // whoever works in the system is told when it ends
  await expect(where.getByText(/Expected end: (about|between .+ and) .+\(Asia\/Manila\)\./)).toBeVisible({ timeout: 30_000 });

  const before = await done();
  await page.reload();
  await expect(progress).toHaveAttribute("max", String(rows));
  expect(await done(), "what was done stays done").toBeGreaterThanOrEqual(before);
  await expect(glance(page, "Left in this step")).toContainText(range);
  const loaded = await done();
  await expect.poll(done, { message: "the numbers go up by themselves", timeout: 30_000 }).toBeGreaterThan(loaded);
  await expectAccessible(page);

  await page.getByLabel("Pace").selectOption("100");
  await expect(page.locator("main .head").getByText("Waiting at gate")).toBeVisible({ timeout: 120_000 });
  await expect(page.getByLabel("Pace")).toHaveValue("100");
});

/** Has the page note what it says of how far something is: what is over soon is not missed. Answers what it said so far. */
async function noteFar(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const said: string[] = [];
    Object.assign(window, { said });
    new MutationObserver(() => {
      const words = document.querySelector(".how-far span")?.textContent;
      if (words && said.at(-1) !== words) said.push(words);
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  return () => page.evaluate(() => (window as unknown as { said: string[] }).said);
}
const percent = expect.stringMatching(/^[A-Z].+: \d+ %$/);

test("a backup tells how far it is while it is written and verified", async ({ open }) => {
  const page = await open(administrator, `${system}/rollback`);
  const said = await noteFar(page);
  const backups = page.getByRole("region", { name: "Backups" });
  const verified = backups.getByText("Verified", { exact: true });
  await expect(verified).not.toHaveCount(0);
  const before = await verified.count();
  await page.getByRole("button", { name: "Back up now" }).click();
  await expect(verified).toHaveCount(before + 1, { timeout: 180_000 });
  expect(await said()).toContainEqual(percent);
  await expect(backups.getByRole("progressbar"), "what is done is not on its way").toHaveCount(0);
});

test("a restore tells how far it is", async ({ open }) => {
  const page = await open(administrator, `${system}/rollback`);
  await page.getByRole("radio", { name: "Go back in full" }).check();
  const restore = page.getByRole("button", { name: /^Restore .*…$/ });
  await expect(restore).not.toHaveAttribute("aria-disabled", { timeout: 120_000 });
  const said = await noteFar(page);
  await restore.click();
  await confirmTyped(page, /^Restore .*\?$/);
  const record = page.getByRole("region", { name: /^Restored / });
  await expect(record.getByText("Rolled back", { exact: true })).toBeVisible({ timeout: 180_000 });
  expect(await said()).toContainEqual(percent);
  await expect(record.getByRole("progressbar")).toHaveCount(0);
});
