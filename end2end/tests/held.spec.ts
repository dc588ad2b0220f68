// A run that holds because its application was stopped: an administrator lets this one run go on, with a reason that stands
// in the audit log and in the evidence, and on no public page.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page } from "@playwright/test";
import { command } from "../support/command.ts";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";
import { prepareForRun } from "../support/preparations.ts";

test.use({ house: "held" });
test.describe.configure({ mode: "serial", timeout: 240_000 });

const system = "/systems/obcms";
const reason = "The old report page is known to fail, says Jamil.";
const binary = resolve(process.env.SWITCHYARD ?? "../target/debug/switchyard");

async function ask(page: Page, method: string, path: string, body?: unknown) {
  const answer = await command(page, method, `${system}${path}`, body);
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
  return answer.body;
}

const stateOf = async (page: Page) => (await ask(page, "GET", "/runs/1")).summary.state;

test("a run holds when its application was stopped, and says so in light, in dark and on a phone", async ({ open, server }) => {
  const page = await open(administrator, system);
  await prepareForRun(page, system);
  const { fingerprint, phases } = await ask(page, "GET", "/plan");
  // the steps after it ask the application itself, which no override brings back
  const required = phases.flatMap((phase: { steps: { key: string }[] }) => phase.steps).filter((step: { key: string }) => step.key.includes(".required."));
  await ask(page, "POST", "/runs", { fingerprint, until: required.at(-1).key });
  await expect.poll(() => stateOf(page), { timeout: 120_000 }).toBe("waiting-at-gate");

  execFileSync(binary, ["sample-app", "stop", "--state-dir", join(server.data, "obcms", "run")]);
  await page.goto(`${system}/health`);
  await expect(page.getByText("Bad", { exact: true }).first()).toBeVisible({ timeout: 60_000 });
  await ask(page, "POST", "/decisions/rule", { model: "PPA", preview: false, rule: { all: { organization: "OOBC" } } });

  await page.goto(`${system}/runs/1`);
  const panel = page.getByRole("region", { name: "The run holds for the application" });
  await expect(panel).toBeVisible({ timeout: 60_000 });
  await expect(panel.getByRole("link", { name: "Look at its health" })).toBeVisible();
  await expect(panel.getByText("Users are not affected")).toHaveCount(0);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await expectNoSidewaysScroll(page);
  expect(await stateOf(page), "it holds still").toBe("running");
});

test("an administrator lets it go on with a reason, which audit log and evidence keep and the public is not told", async ({ open }, info) => {
  const page = await open(administrator, `${system}/runs/1`);
  const panel = page.getByRole("region", { name: "The run holds for the application" });
  await panel.getByRole("button", { name: "Override with a reason" }).click();
  const dialog = page.getByRole("dialog", { name: "Override the gate The application works?" });
  await expectAccessible(page);
  await dialog.getByLabel("Reason").fill(reason);
  await dialog.getByRole("button", { name: "Override with my name" }).click();
  await expect(dialog).toBeHidden();
  await expect.poll(() => stateOf(page), { timeout: 120_000 }).toBe("paused");
  expect((await ask(page, "GET", "/coverage")).all.assigned, "the work is done").toBeGreaterThan(0);
  await ask(page, "POST", "/runs/1/commands", { command: "abort" });
  await expect.poll(() => stateOf(page), { timeout: 60_000 }).toBe("aborted");
  await expect(panel).toBeHidden();

  await page.goto(`${system}/audit?action=gate.overridden`);
  await expect(page.getByText(reason).first()).toBeVisible();

  await page.goto(`${system}/runs/1`);
  const link = page.getByRole("link", { name: "Download the evidence" });
  await expect(link).toBeVisible({ timeout: 60_000 });
  const waiting = page.waitForEvent("download");
  await link.click();
  const file = info.outputPath("evidence.zip");
  await (await waiting).saveAs(file);
  const { public_key } = await ask(page, "GET", "/runs/1/evidence");
  const said = execFileSync(binary, ["evidence", "verify", file, "--key", public_key]).toString();
  expect(said).toContain("Whole: evidence of run 1 on obcms");
  // its files are not compressed
  expect(readFileSync(file).toString("utf8")).toContain(reason);

  const reader = await open(null, "/status/obcms");
  await expect(reader.getByRole("heading", { level: 1 })).toBeVisible();
  for (const path of ["/status/obcms", "/status/obcms/status.json"]) {
    const text = await (await reader.request.get(path)).text();
    expect(text, path).not.toContain("Jamil");
    expect(text, path).not.toContain(administrator.username);
  }
});
