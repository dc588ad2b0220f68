// A status page with as much on it as there can be: small, on one sheet of paper, readable without colours; and its feeds.
import { writeFile } from "node:fs/promises";
import { command } from "../support/command.ts";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";

test.use({ house: "crowded" });
test.describe.configure({ mode: "serial" });

const body = "Ministeryo & <b>x</b> ".repeat(250).slice(0, 5_000);
const updates = 30;

test("30 updates and many windows of 5,000 characters take less than 60 KB and print on one sheet", async ({ open }, info) => {
  const page = await open(administrator, "/systems/obcms/notices");
  for (let number = 1; number <= updates; number++) {
    const update = { title: `Update ${number} `.padEnd(160, "x"), body };
    expect((await command(page, "POST", "/systems/obcms/updates", update)).status).toBe(201);
  }
  for (let day = 1; day <= 20; day++) {
    const at = `2036-12-${String(day).padStart(2, "0")}`;
    const window = { title: `Window ${day} `.padEnd(160, "y"), body, starts: `${at}T02:00`, ends: `${at}T06:00`, interruption_minutes: 30 };
    expect((await command(page, "POST", "/systems/obcms/windows", window)).status).toBe(201);
  }
  const reader = await open(null, "/status/obcms");
  await expect(async () => {
    await reader.reload();
    await expect(reader.getByRole("heading", { name: `Update ${updates} ` })).toBeVisible({ timeout: 1_000 });
    await expect(reader.getByText("All windows are in full in the calendar.")).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  const wire = await reader.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      .map((entry) => (entry as PerformanceResourceTiming).encodedBodySize)
      .reduce((all, bytes) => all + bytes, 0),
  );
  expect(wire).toBeGreaterThan(20_000);
  expect(wire).toBeLessThan(60_000);
  await expect(reader.getByText("Older updates are in full in the feed and as JSON.")).toBeVisible();
  const paper = await reader.pdf({ format: "A4", preferCSSPageSize: true });
  await writeFile(info.outputPath("status.pdf"), paper);
  expect(paper.toString("latin1").match(/\/Type\s*\/Page[^s]/g) ?? []).toHaveLength(1);
  for (const colorScheme of ["light", "dark"] as const) {
    await reader.emulateMedia({ colorScheme });
    await expectAccessible(reader);
  }
  await reader.setViewportSize({ width: 320, height: 640 });
  await expectNoSidewaysScroll(reader);
});

test("a feed reader can read the feeds", async ({ open }) => {
  const page = await open(null, "/status/obcms");
  const atom = await page.evaluate(async () => {
    const text = await (await fetch("/status/obcms/feed.atom")).text();
    const feed = new DOMParser().parseFromString(text, "application/xml");
    const entries = [...feed.querySelectorAll("feed > entry")];
    const of = (entry: Element, name: string) => entry.querySelector(`:scope > ${name}`)?.textContent ?? "";
    return {
      broken: feed.querySelector("parsererror")?.textContent ?? null,
      space: feed.documentElement.namespaceURI,
      changed: of(feed.documentElement, "updated"),
      entries: entries.map((entry) => ({ id: of(entry, "id"), title: of(entry, "title"), changed: of(entry, "updated"), content: of(entry, "content") })),
    };
  });
  expect(atom.broken).toBeNull();
  expect(atom.space).toBe("http://www.w3.org/2005/Atom");
  expect(atom.entries.length).toBeGreaterThanOrEqual(50);
  expect(new Set(atom.entries.map((entry) => entry.id)).size).toBe(atom.entries.length);
  for (const entry of atom.entries) {
    expect(entry.id).toMatch(/^http.*#(update|window)-\d+$/);
    expect(entry.title).not.toBe("");
    expect(Date.parse(entry.changed)).toBeLessThanOrEqual(Date.parse(atom.changed));
  }
  const newest = atom.entries.find((entry) => entry.title.startsWith(`Update ${updates} `));
  expect(newest?.content).toContain("Ministeryo &amp; &lt;b&gt;x&lt;/b&gt;");
  const feed = await page.evaluate(async () => (await fetch("/status/obcms/feed.json")).json());
  expect(feed.version).toBe("https://jsonfeed.org/version/1.1");
  expect(feed.items.map((item: { id: string }) => item.id)).toEqual(atom.entries.map((entry) => entry.id));
});

test("states are told apart without colours: each has its icon and its word, and days differ in height", async ({ open }, info) => {
  for (const path of ["/status", "/status/obcms"]) {
    const page = await open(null, path);
    const devtools = await page.context().newCDPSession(page);
    for (const forcedColors of ["none", "active"] as const) {
      await page.emulateMedia({ forcedColors });
      for (const type of ["none", "achromatopsia", "deuteranopia", "protanopia", "tritanopia"] as const) {
        await devtools.send("Emulation.setEmulatedVisionDeficiency", { type });
        const states = page.locator(".verdict:has(> h1), .state, .journey li");
        for (const state of await states.all()) {
          await expect(state.locator("svg.i").first()).toBeVisible();
          expect((await state.innerText()).trim()).not.toBe("");
        }
        await page.screenshot({ path: info.outputPath(`${path.replaceAll("/", "-")}-${forcedColors}-${type}.png`) });
      }
    }
    // an icon has a line that is seen against what is behind it, also when the reader chooses the colours
    const seen = await page.locator(".verdict > svg.i").first().evaluate((icon) => {
      const behind = getComputedStyle(icon.parentElement as Element).backgroundColor;
      return getComputedStyle(icon).stroke !== behind;
    });
    expect(seen).toBe(true);
    const heights = await page.locator(".upbars").first().evaluate((bars) =>
      [...bars.querySelectorAll("path")].map((path) => path.getAttribute("d")?.match(/v([\d.]+)/)?.[1]),
    );
    expect(heights.length).toBeGreaterThan(0);
    expect(new Set(heights).size).toBe(heights.length);
  }
});
