// What stands before what a spec is about: a run may start, an organization may join the pilot.
import { expect, type Page } from "@playwright/test";
import { command } from "./command.ts";
import { confirmPassword } from "./questions.ts";

/** What the server answers; anything but a success fails the test. */
async function ask(page: Page, method: string, path: string, body?: unknown) {
  const answer = await command(page, method, path, body);
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  return answer.body;
}

/** Ticks what people have to tick before a run, or all that they can tick. */
export async function tickChecklist(page: Page, system: string, all = false): Promise<void> {
  const { sections } = await ask(page, "GET", `${system}/checklist`);
  for (const item of sections.flatMap((section: { items: unknown[] }) => section.items)) {
    if (item.automatic || !(all || item.required)) continue;
    await ask(page, "PUT", `${system}/checklist/${item.name}`, { done: true, note: "Agreed with Amina" });
  }
}

/** Ticks what people have to tick, and waits for a backup that was proved. */
export async function prepareForRun(page: Page, system: string): Promise<void> {
  await tickChecklist(page, system);
  await ask(page, "POST", `${system}/backups`);
  const verified = async () => (await ask(page, "GET", `${system}/backups`)).some((one: { state: string }) => one.state === "verified");
  await expect.poll(verified, { timeout: 120_000 }).toBe(true);
}

/** On the page of the new run: checks the target, starts the run, and is on its page. */
export async function startRun(page: Page, number: number): Promise<void> {
  const preflight = page.getByRole("button", { name: "Run preflight" });
  const start = page.getByRole("button", { name: "Start the run" });
  await expect(preflight.or(start).first()).toBeVisible({ timeout: 60_000 });
  if (await preflight.isVisible()) await preflight.click();
  await expect(start).toBeVisible({ timeout: 60_000 });
  await start.click();
  await confirmPassword(page, () => page.getByRole("dialog").getByRole("button", { name: "Start the run" }).click());
  await expect(page).toHaveURL(new RegExp(`/runs/${number}$`));
}

/** Prepares an organization as the wizard would. */
export async function prepareOrganization(page: Page, system: string, code: string): Promise<void> {
  const path = `${system}/organizations/${code}`;
  const { version } = (await command(page, "GET", path)).body.organization;
  const people = [{ name: "Ali Datu", email: `ali@${code.toLowerCase()}.example`, role: "organization-administrator", training: null, trained: true }];
  const changed = await command(page, "PATCH", path, { version, people, ticks: [["data-owner", true]] });
  expect(changed.status).toBe(200);
  expect((await command(page, "POST", `${path}/isolation`)).body.foreign_rows).toBe(0);
  const after = (await command(page, "GET", path)).body.organization.version;
  expect((await command(page, "POST", `${path}/move`, { version: after, to: "prepared" })).body.organization.stage).toBe("prepared");
}
