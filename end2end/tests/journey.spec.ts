// The main job in a real browser, from the first account to the ways back, on the sample system of real size. The steps
// build on each other; each page that is met is also held against WCAG 2.2 AA.
import type { Page } from "@playwright/test";
import { expect, expectAccessible, test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";

test.use({ house: "journey" });
test.describe.configure({ mode: "serial", timeout: 180_000 });

const system = "/systems/obcms";

/** Answers the dialog that asks for the password again before a destructive action, when it comes. */
async function confirmPassword(page: Page, after: () => Promise<void>): Promise<void> {
  await after();
  const dialog = page.getByRole("dialog", { name: "Confirm that it is you" });
  const asked = await dialog.waitFor({ timeout: 3_000 }).then(() => true, () => false);
  if (!asked) return;
  await dialog.getByLabel("Password").fill(administrator.password);
  await dialog.getByRole("button").last().click();
  await expect(dialog).toBeHidden();
}

test("every item of the checklist that a person has to tick is ticked by name", async ({ open }) => {
  const page = await open(administrator, `${system}/checklist`);
  await expect(page.getByRole("heading", { name: "Checklist", level: 1 })).toBeVisible();
  await expectAccessible(page);
  const ticks = page.getByRole("button", { name: "Tick", exact: true });
  await expect(ticks.first()).toBeVisible();
  for (let left = await ticks.count(); left > 0; left--) {
    await ticks.first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Note").fill("Kept in the office");
    await dialog.getByRole("button", { name: "Tick with my name" }).click();
    await expect(dialog).toBeHidden();
    await expect(ticks).toHaveCount(left - 1);
  }
  await expect(page.getByText("Farida Usman").first()).toBeVisible();
});

test("a backup is made, and is verified by restoring it", async ({ open }) => {
  const page = await open(administrator, `${system}/rollback`);
  await page.getByRole("button", { name: "Back up now" }).click();
  await expect(page.getByText("Verified", { exact: true }).first()).toBeVisible({ timeout: 120_000 });
  await expectAccessible(page);
});

test("the run stops at the gate of the 23 projects that no rule can place", async ({ open }) => {
  const page = await open(administrator, `${system}/runs/new`);
  await expectAccessible(page);
  const preflight = page.getByRole("button", { name: "Run preflight" });
  const start = page.getByRole("button", { name: "Start the run" });
  await expect(preflight.or(start).first()).toBeVisible({ timeout: 60_000 });
  if (await preflight.isVisible()) await preflight.click();
  await expect(start).toBeVisible({ timeout: 60_000 });
  await start.click();
  await confirmPassword(page, () => page.getByRole("dialog").getByRole("button", { name: "Start the run" }).click());
  await expect(page).toHaveURL(/\/runs\/1$/);
  await expect(page.getByText(/Gate closed/).first()).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole("heading", { name: /319 of 342|23/ }).first()).toBeVisible();
  await expectAccessible(page);
});

test("the projects are assigned by rule, the gate opens, and the run ends", async ({ open }) => {
  const page = await open(administrator, `${system}/coverage`);
  await expect(page.getByText(/23/).first()).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Assign by rule" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: /All that are left/ }).check();
  await dialog.getByLabel("Organization", { exact: true }).selectOption("OOBC");
  await dialog.getByRole("button", { name: /Assign 23 records/ }).click();
  await expect(dialog).toBeHidden();

  await page.goto(`${system}/runs/1`);
  const again = page.getByRole("button", { name: "Check the gate again" });
  const done = page.getByText("Done", { exact: true }).first();
  await expect(again.or(done).first()).toBeVisible();
  if (await again.isVisible()) await again.click();
  await expect(page.locator("main .head, main header").getByText(/Done/).first()).toBeVisible({ timeout: 120_000 });
});
