// The public status pages, as somebody without an account meets them: with and without script, on a phone, on paper.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../support/fixtures.ts";

test.use({ house: "public" });

const pages = ["/status", "/status/obcms"] as const;

test("a status page says in its heading whether one can work, and is accessible in light and dark", async ({ open }) => {
  for (const path of pages) {
    const page = await open(null, path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page);
    }
  }
});

test("a status page needs no script", async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/status/obcms");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("OBCMS");
  await expect(page.getByText("Work planned")).toBeVisible();
  await expect(page.getByRole("row", { name: /Communities/ })).toBeVisible();
  await page.getByRole("link", { name: /OBCMS/ }).first().click();
  await expect(page).toHaveURL(/\/status$/);
  await context.close();
});

test("a status page fits a phone of 320 pixels", async ({ open }) => {
  for (const path of pages) {
    const page = await open(null, path);
    await page.setViewportSize({ width: 320, height: 640 });
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  }
});

test("a status page prints on one sheet", async ({ open }, info) => {
  const page = await open(null, "/status/obcms");
  const paper = await page.pdf({ format: "A4", preferCSSPageSize: true });
  await writeFile(info.outputPath("status.pdf"), paper);
  const sheets = paper.toString("latin1").match(/\/Type\s*\/Page[^s]/g) ?? [];
  expect(sheets).toHaveLength(1);
});

test("times have the zone of the system, and the reader's own beside it", async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url, timezoneId: "Europe/Berlin" });
  const page = await context.newPage();
  await page.goto("/status/obcms");
  await expect(page.getByText("Times are Asia/Manila time")).toBeVisible();
  await expect(page.locator("time .own-zone").first()).toContainText("for you");
  // each moment names the zone of the system itself
  await expect(page.getByText(/As of .*\(Asia\/Manila\)/).first()).toBeVisible();
  await context.close();
});

const old = /^Not checked since .*; this may have changed\.$/;

test("a page that was not checked for minutes says so before its headline, until it is", async ({ browser, server }, info) => {
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  // a copy of ten minutes ago, and no way to the console
  let reachable = false;
  await page.route("**/status/obcms", async (route) => {
    if (reachable) return route.continue();
    if (route.request().resourceType() !== "document") return route.abort();
    const answer = await route.fetch();
    const then = new Date(Date.now() - 10 * 60_000).toISOString();
    const body = (await answer.text()).replace(/data-checked="[^"]*"/, `data-checked="${then}"`);
    await route.fulfill({ response: answer, body });
  });
  await page.goto("/status/obcms");
  const sentence = page.locator("main").getByText(old);
  await expect(sentence).toBeVisible();
  await expect(page).toHaveTitle(/^Not known: OBCMS status$/);
  // before the headline, which has lost its colour
  const verdicts = page.locator("section:has(#now) > .verdict");
  await expect(verdicts).toHaveCount(2);
  await expect(verdicts.first()).toContainText(old);
  for (const verdict of await verdicts.all()) {
    await expect(verdict).toHaveAttribute("data-state", "pending");
    await expect(verdict.locator("svg use")).toHaveAttribute("href", "#i-pending");
  }
  await expect(page.getByRole("status")).toHaveText(old);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
    await page.screenshot({ path: info.outputPath(`old-${colorScheme}.png`) });
  }
  await page.setViewportSize({ width: 320, height: 640 });
  await expectNoSidewaysScroll(page);
  await page.screenshot({ path: info.outputPath("old-320.png") });
  reachable = true;
  await expect(sentence).toBeHidden({ timeout: 15_000 });
  await expect(page).not.toHaveTitle(/^Not known: /);
  await context.close();
});

test("a reader whose clock is an hour ahead is not told that the page is old", async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  await page.clock.install({ time: Date.now() + 3_600_000 });
  const asked = page.waitForResponse((answer) => answer.request().resourceType() === "fetch");
  await page.goto("/status/obcms");
  await asked;
  await page.clock.runFor(6000);
  await expect(page.getByText(/^As of /).first()).toBeVisible();
  await expect(page.locator("main").getByText(old)).toHaveCount(0);
  await context.close();
});

test("a copy on a plain static host is complete without the console, and its script does no harm", async ({ browser, server }) => {
  const mirror = join(server.data, "mirror");
  await server.restartWith(`[status]\nmirror = ${JSON.stringify(mirror)}\n`);
  await expect.poll(() => existsSync(join(mirror, "obcms", "index.html")), { timeout: 20_000 }).toBe(true);
  await expect.poll(() => existsSync(join(mirror, "index.html")), { timeout: 20_000 }).toBe(true);
  await server.stop();
  const kinds: Record<string, string> = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" };
  const host = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://host").pathname);
    const name = path.endsWith("/") ? `${path}index.html` : path;
    readFile(join(mirror, name)).then(
      (bytes) => response.writeHead(200, { "Content-Type": kinds[extname(name)] ?? "application/octet-stream" }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => host.listen(0, "127.0.0.1", listening));
  const context = await browser.newContext({ baseURL: `http://127.0.0.1:${(host.address() as AddressInfo).port}` });
  try {
    const page = await context.newPage();
    const wrong: string[] = [];
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on("console", (said) => said.type() === "error" && wrong.push(said.text()));
    page.on("requestfailed", (request) => wrong.push(request.url()));
    page.on("response", (answer) => answer.status() >= 400 && wrong.push(`${answer.status()} ${answer.url()}`));
    await page.goto("/obcms/");
    const headline = page.getByRole("heading", { level: 1 });
    const said = await headline.textContent();
    expect(said).toContain("OBCMS");
    // the script asks the host for the same page again, and shows it
    await page.waitForResponse((answer) => answer.request().resourceType() === "fetch", { timeout: 15_000 });
    await expect(headline).toHaveText(said ?? "");
    await expectAccessible(page);
    await page.getByRole("link", { name: /OBCMS/ }).first().click();
    await expect(page).toHaveURL(/\/index\.html$/);
    await page.getByRole("link", { name: "OBCMS" }).first().click();
    await expect(page).toHaveURL(/\/obcms\/index\.html$/);
    expect(wrong).toEqual([]);
  } finally {
    await context.close();
    host.close();
    await server.restartWith("");
  }
});
