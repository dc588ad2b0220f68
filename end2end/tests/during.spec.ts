// A real run from outside and from inside: what the public reads while it waits, what the health page measures meanwhile,
// and the evidence that it leaves behind.
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { writeFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";
import { prepareForRun } from "../support/preparations.ts";

test.use({ house: "during" });
test.describe.configure({ mode: "serial", timeout: 240_000 });

const system = "/systems/obcms";
const binary = resolve(process.env.SWITCHYARD ?? "../target/debug/switchyard");

/** Asks the API with the cookies of this page. */
async function ask(page: Page, method: "GET" | "POST" | "PUT", path: string, data?: unknown) {
  const answer = await page.request.fetch(`/api/v1${system}${path}`, { method, data });
  expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBe(true);
  return answer.json();
}

test("while a run waits, the public page says how far it is and why it waits, in light and dark", async ({ open }) => {
  const page = await open(administrator, system);
  await prepareForRun(page, system);
  const { fingerprint } = await ask(page, "GET", "/plan");
  await ask(page, "POST", "/runs", { fingerprint });
  await expect.poll(async () => (await ask(page, "GET", "/runs/1")).summary.state, { timeout: 120_000 }).toBe("waiting-at-gate");

  const reader = await open(null, "/status/obcms");
  await expect(reader.getByText(/waits/i).first()).toBeVisible();
  await expect(reader.getByText(/\d+\s?%/).first()).toBeVisible();
  await expect(reader.getByText(/counted|estimated/i).first()).toBeVisible();
  for (const colorScheme of ["light", "dark"] as const) {
    await reader.emulateMedia({ colorScheme });
    await expectAccessible(reader);
  }
});

test("the same page on a phone of 320 pixels, on one sheet of paper, and without script", async ({ browser, open, server }, info) => {
  const page = await open(null, "/status/obcms");
  const paper = await page.pdf({ format: "A4", preferCSSPageSize: true });
  await writeFile(info.outputPath("status.pdf"), paper);
  expect(paper.toString("latin1").match(/\/Type\s*\/Page[^s]/g) ?? []).toHaveLength(1);
  await page.setViewportSize({ width: 320, height: 640 });
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto("/status/obcms");
  await expect(plain.getByText(/waits/i).first()).toBeVisible();
  await context.close();
});

test("the health page draws what was measured, in light and dark, on a phone, and for every range", async ({ open }) => {
  const page = await open(administrator, `${system}/health`);
  await expect(page.getByRole("heading", { name: "Health", level: 1 })).toBeVisible();
  await expect(page.getByRole("img", { name: "Time to answer" })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("row", { name: /Health address/ })).toBeVisible();
  for (const range of ["Hour", "Week", "90 days", "Day"]) {
    await page.getByRole("button", { name: range, exact: true }).click();
    await expect(page.getByRole("button", { name: range, exact: true })).toHaveAttribute("aria-pressed", "true");
    await expect(page.getByRole("img", { name: "Time to answer" })).toBeVisible();
  }
  await expect(page.locator("svg.chart").getByText("Run 1").first()).toBeVisible();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
});

test("a baseline of too few samples is refused with a reason", async ({ open }) => {
  const page = await open(administrator, `${system}/health`);
  await page.getByRole("button", { name: "Capture a baseline" }).click();
  const dialog = page.getByRole("dialog");
  await expectAccessible(page);
  await dialog.getByLabel("Name").fill("Before release 2.1");
  await dialog.getByRole("button", { name: "Capture the baseline" }).click();
  await expect(dialog.getByText(/a baseline needs 20/)).toBeVisible();
  await dialog.getByRole("button", { name: "Not now" }).click();
});

test("the evidence of the run is downloaded and checked without the console", async ({ open }, info) => {
  const page = await open(administrator, `${system}/runs/1`);
  await expect(page.getByRole("heading", { name: "Evidence" })).toBeHidden();
  await ask(page, "POST", "/decisions/rule", { model: "PPA", preview: false, rule: { all: { organization: "OOBC" } } });
  await expect.poll(async () => (await ask(page, "GET", "/runs/1")).summary.state, { timeout: 120_000 }).toBe("done");
  const link = page.getByRole("link", { name: "Download the evidence" });
  await expect(link).toBeVisible({ timeout: 60_000 });
  await expectAccessible(page);
  const waiting = page.waitForEvent("download");
  await link.click();
  const download = await waiting;
  expect(download.suggestedFilename()).toBe("obcms-run-1-evidence.zip");
  const file = info.outputPath("evidence.zip");
  await download.saveAs(file);
  const { public_key } = await ask(page, "GET", "/runs/1/evidence");
  const said = execFileSync(binary, ["evidence", "verify", file, "--key", public_key]).toString();
  expect(said).toContain("Whole: evidence of run 1 on obcms");
});

test("a baseline is captured, and the charts are compared with the one that is chosen", async ({ open }) => {
  const page = await open(administrator, `${system}/health`);
  for (const name of ["Before release 2.1", "Before release 2.2"]) {
    const capture = async () => (await page.request.post(`/api/v1${system}/health/baselines`, { data: { name, minutes: 60 } })).status();
    await expect.poll(capture, { timeout: 150_000, intervals: [5_000] }).toBe(201);
  }
  await page.reload();
  const compared = page.getByRole("region", { name: "Time to answer" }).getByRole("paragraph");
  await expect(page.getByRole("radio", { name: /Before release 2\.2/ })).toBeChecked();
  await expect(compared.filter({ hasText: /Before release 2\.2 took \d+ milliseconds half the time/ })).toBeVisible();
  await page.getByRole("radio", { name: /Before release 2\.1/ }).check();
  await expect(compared.filter({ hasText: /Before release 2\.1 took \d+ milliseconds half the time/ })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("radio", { name: /Before release 2\.1/ })).toBeChecked();
  await page.getByRole("radio", { name: "Compare with none" }).check();
  await expect(compared.filter({ hasText: /half the time/ })).toBeHidden();
  await expectAccessible(page);
});
