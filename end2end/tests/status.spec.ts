// The public status pages, as somebody without an account meets them: with and without script, on a phone, on paper.
import { writeFile } from "node:fs/promises";
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
  await context.close();
});
