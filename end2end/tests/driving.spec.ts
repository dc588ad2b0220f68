// A run driven by hand: slowed down so that its speed can be read, paused, left, resumed, looked into, ended, and all of
// it undone again.
import type { Page } from "@playwright/test";
import { command } from "../support/command.ts";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";
import { prepareForRun, startRun } from "../support/preparations.ts";
import { confirmTyped } from "../support/questions.ts";

test.use({ house: "driving" });
test.describe.configure({ mode: "serial", timeout: 240_000 });

const system = "/systems/obcms";

/** The state beside the heading. */
const standing = (page: Page, words: string) => page.locator("main .head").getByText(words, { exact: true });

/** A number of the row at a glance. */
const glance = (page: Page, label: string) => page.locator(".stats > div").filter({ has: page.locator("dt", { hasText: new RegExp(`^${label}$`) }) });

test("a run that waits is slowed down and paused, stays so while nobody looks, and is resumed", async ({ open }) => {
  const page = await open(administrator, system);
  await prepareForRun(page, system);
  await page.goto(`${system}/runs/new`);
  await startRun(page, 1);
  await expect(standing(page, "Waiting at gate")).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole("heading", { name: /23/ }).first()).toBeVisible({ timeout: 60_000 });
  const speed = page.getByRole("region", { name: "Speed" });
  await expect(speed.getByText(/Up to [1-9][\d,]*/).first()).toBeAttached();
  await expect(glance(page, "Left in this step")).toContainText("Waiting");

  await page.getByLabel("Pace").selectOption("10");
  await expect(page.getByLabel("Pace")).toHaveValue("10");
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await expect(standing(page, "Paused")).toBeVisible();
  const done = (await command(page, "GET", `${system}/runs/1`)).body.progress.steps_done;
  await page.reload();
  await expect(standing(page, "Paused")).toBeVisible();
  await expect(page.getByLabel("Pace")).toHaveValue("10");
  await expectAccessible(page);
  expect((await command(page, "GET", `${system}/runs/1`)).body.progress.steps_done, "nothing is done while it is paused").toBe(done);

  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await expect(standing(page, "Waiting at gate")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("button", { name: "Resume", exact: true })).toBeHidden();
});

test("the SQL of one step is shown as it runs, and how it is undone", async ({ open }) => {
  const page = await open(administrator, `${system}/runs/1`);
  const all = page.getByRole("button", { name: "Preview SQL" });
  await all.click();
  const drawer = page.getByRole("dialog", { name: "SQL of run 1" });
  await expect(drawer.locator("pre").filter({ hasText: "ALTER TABLE" }).first()).toBeVisible();
  await expect(drawer.getByText("How it is undone").first()).toBeVisible();
  await expectAccessible(page);
  const href = await drawer.getByRole("link", { name: "Download .sql" }).getAttribute("href");
  expect(decodeURIComponent(href ?? "")).toMatch(/^-- .*\n[^]*ALTER TABLE/m);
  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
  await expect(page).not.toHaveURL(/sql=/);
});

test("a run that is aborted at a gate says what stays, and every step of it is undone", async ({ open }) => {
  const page = await open(administrator, `${system}/runs/1`);
  await page.getByRole("button", { name: "Abort" }).click();
  const dialog = page.getByRole("dialog", { name: "Abort run 1?" });
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Abort run 1" }).click();
  await expect(dialog).toBeHidden();
  await expect(standing(page, "Aborted")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("button", { name: "Resume" })).toBeHidden();
  await expectAccessible(page);

  await page.goto(`${system}/rollback`);
  await page.getByRole("radio", { name: "Go back in full" }).check();
  await page.getByRole("radio", { name: /^Undo every step/ }).check();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Undo every step…" }).click();
  await confirmTyped(page, "Undo every step?");
  const record = page.getByRole("region", { name: "Every step undone" });
  await expect(record.getByText("Rolled back", { exact: true })).toBeVisible({ timeout: 120_000 });
  await expectAccessible(page);
  const { groups, all } = (await command(page, "GET", `${system}/coverage`)).body;
  expect(all.assigned).toBe(0);
  for (const model of groups.flatMap((group: { models: { required: boolean }[] }) => group.models)) expect(model.required).toBe(false);

  for (const path of ["/rollback", "/runs/1", "/coverage"]) {
    await page.goto(`${system}${path}`);
    await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
    await expectAccessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoSidewaysScroll(page);
    await page.setViewportSize({ width: 1440, height: 900 });
  }
});
