// What the console itself promises, whatever page it shows: keys alone do, nothing is lost when a session ends, the
// stream comes back, a phone is wide enough, and every page reads in light, dark and on paper.
import { expect, expectAccessible, expectNoSidewaysScroll, test, watchOf } from "../support/fixtures.ts";
import { addresses, addressOf } from "../support/addresses.ts";
import { command } from "../support/command.ts";
import { administrator, second } from "../support/people.ts";

test.use({ house: "console" });
test.describe.configure({ mode: "serial", timeout: 120_000 });

const system = "/systems/obcms";
// what there is before the first run; the others are met in full by the journey
const pages = [...addresses.filter((one) => !/\{(run|report)\}/.test(one)).map(addressOf), `${system}/organizations?view=board`, "/nowhere"];

test("a dialog is opened, left and answered by keys alone, and the focus comes back to where it was", async ({ open }) => {
  const page = await open(administrator, `${system}/checklist`);
  const tick = page.getByRole("button", { name: "Tick", exact: true }).first();
  await tick.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Note")).toBeFocused();

  // the focus goes round inside: nothing behind the dialog can be reached
  for (let presses = 0; presses < 8; presses++) {
    await page.keyboard.press("Tab");
    const outside = await page.evaluate(() => {
      const now = document.activeElement;
      return now !== document.body && !now?.closest("dialog[open]");
    });
    expect(outside, `after ${presses + 1} times Tab`).toBe(false);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(tick).toBeFocused();

  await page.keyboard.press("Enter");
  await page.keyboard.type("Kept in the office");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(page.getByText("Kept in the office")).toBeVisible();
});

test("every link and key of the shell leads on without a mouse", async ({ open }) => {
  const page = await open(administrator, "/systems");
  await expect(page.getByRole("heading", { name: "Systems", level: 1 })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  expect(new URL(page.url()).pathname + new URL(page.url()).hash).toBe("/systems");

  await page.keyboard.press("Control+k");
  await page.keyboard.type("coverage");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/systems\/obcms\/coverage$/);
  await expect(page.getByRole("link", { name: /^Coverage/ })).toHaveAttribute("aria-current", "page");
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await expect(page).toHaveURL(/\/systems\/obcms\/runs$/);
  await page.goBack();
  await expect(page.getByRole("heading", { name: "Coverage", level: 1 })).toBeVisible();
});

test("a session that ends in the middle of a dialog is renewed in place, and nothing typed is lost", async ({ open }) => {
  const page = await open(administrator, `${system}/checklist`);
  await page.getByRole("button", { name: "Tick", exact: true }).first().click();
  const dialog = page.getByRole("dialog", { name: /is it done\?$/ });
  await dialog.getByLabel("Note").fill("Agreed with the office of the governor");
  await page.context().clearCookies();
  await dialog.getByRole("button", { name: "Tick with my name" }).click();

  const again = page.getByRole("dialog", { name: "Your session ended" });
  await expect(again).toBeVisible();
  await expect(dialog.getByLabel("Note")).toHaveValue("Agreed with the office of the governor");
  await again.getByLabel("Password").fill(administrator.password);
  await again.getByRole("button", { name: /^Sign in/ }).click();
  await expect(again).toBeHidden();
  await expect(dialog).toBeHidden();
  await expect(page.getByText("Agreed with the office of the governor")).toBeVisible();
});

test("a dangerous act asks for the password again, and does nothing until it is right", async ({ open }) => {
  const page = await open(administrator, "/users");
  // ten minutes are not waited for: the first answer is the one that the server gives after them
  let tries = 0;
  await page.route("**/api/v1/accounts", async (route) => {
    if (route.request().method() !== "POST" || tries++ > 0) return await route.fallback();
    await route.fulfill({
      status: 403,
      contentType: "application/problem+json",
      json: { type: "/problems/password-needed", title: "Password needed", status: 403, detail: "This needs your password again." },
    });
  });
  await page.getByRole("button", { name: "Invite a person" }).click();
  const invite = page.getByRole("dialog", { name: "Invite a person" });
  await invite.getByLabel("Name", { exact: true }).fill("Nur Sali");
  await invite.getByLabel("Account name").fill("n.sali");
  await invite.getByRole("button", { name: "Make the link" }).click();

  const again = page.getByRole("dialog", { name: "Confirm that it is you" });
  await expect(again.getByLabel("Password")).toBeVisible();
  await expectAccessible(page);
  await again.getByLabel("Password").fill("not-the-password-77");
  await again.getByRole("button", { name: "Confirm" }).click();
  await expect(again.getByRole("alert")).toContainText("password");
  await expect(page.getByLabel("One-time link")).toBeHidden();
  await again.getByLabel("Password").fill(administrator.password);
  await again.getByRole("button", { name: "Confirm" }).click();
  await expect(again).toBeHidden();
  expect(tries, "once refused, once done").toBe(2);
  await expect(page.getByLabel("One-time link")).toHaveValue(/\/welcome\//);
});

test("a press whose answer was lost on the way starts nothing twice when it is repeated", async ({ open }) => {
  const page = await open(administrator, `${system}/rollback`);
  watchOf(page).connectionWillBeLost();
  const keys: (string | undefined)[] = [];
  await page.route(`**/api/v1${system}/backups`, async (route) => {
    if (route.request().method() !== "POST") return await route.fallback();
    keys.push(route.request().headers()["idempotency-key"]);
    if (keys.length > 1) return await route.fallback();
    await route.fetch();
    await route.abort();
  });
  const press = page.getByRole("button", { name: "Back up now" });
  const lost = page.getByText("Switchyard does not answer");
  await press.click();
  await expect(lost).toBeVisible();
  await press.click();
  await expect(lost).toBeHidden();
  await expect(page.getByRole("rowheader", { name: /^obcms-/ })).toHaveCount(1);
  expect(keys).toEqual([expect.stringMatching(/./), keys[0]]);
  expect((await command(page, "GET", `${system}/backups`)).body).toHaveLength(1);
  await expect(page.getByText("Verified", { exact: true })).toBeVisible({ timeout: 120_000 });

  // what is asked after a yes is another request
  await press.click();
  await expect(page.getByRole("rowheader", { name: /^obcms-/ })).toHaveCount(2);
  expect(keys[2]).not.toBe(keys[0]);
});

test("what one administrator does is on the page of the other without a reload", async ({ open }) => {
  const ours = await open(administrator, `${system}/checklist`);
  const theirs = await open(second, `${system}/checklist`);
  await expect(theirs.getByRole("status").getByText("Live")).toBeVisible();
  await ours.getByRole("button", { name: "Tick", exact: true }).first().click();
  const dialog = ours.getByRole("dialog");
  await dialog.getByLabel("Note").fill("Agreed on the telephone");
  await dialog.getByRole("button", { name: "Tick with my name" }).click();
  await expect(dialog).toBeHidden();
  await expect(theirs.getByText("Agreed on the telephone")).toBeVisible();
});

test("an address of no system says so, and offers no page of one", async ({ open }) => {
  const page = await open(administrator, "/systems/nowhere");
  await expect(page.getByRole("heading", { name: "There is no page here", level: 1 })).toBeVisible();
  await expect(page.getByRole("link", { name: "Checklist" })).toHaveCount(0);
  await expectAccessible(page);
});

test("before a run the page of all organizations says what to do", async ({ open }) => {
  const page = await open(administrator, `${system}/all`);
  await expect(page.getByText("No record has an organization yet")).toBeVisible();
  await expect(page.getByRole("link", { name: "Go to the runs" })).toBeVisible();
  await expectAccessible(page);
});

test("the page follows again by itself after the connection was lost", async ({ open, server }) => {
  const page = await open(administrator, `${system}/checklist`);
  const takeBack = page.getByRole("button", { name: "Take back", exact: true }).first();
  await expect(takeBack).toBeVisible(); // the value is there, so that it can be kept
  await expect(page.getByRole("status").getByText("Live")).toBeVisible();
  watchOf(page).connectionWillBeLost();
  await server.stop();
  await expect(page.getByText(/^Connection lost at/)).toBeVisible({ timeout: 60_000 });
  await expect(takeBack).toHaveAttribute("aria-disabled", "true");
  await server.start();
  await expect(page.getByText(/^Connection lost at/)).toBeHidden({ timeout: 60_000 });
  await expect(takeBack).not.toHaveAttribute("aria-disabled");
});

test("every page reads in dark, and is no wider than a phone of 360 pixels", async ({ open }) => {
  const page = await open(administrator, "/systems");
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of pages) {
    await page.goto(path);
    await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  }
});

test("every page reads in light on a desk", async ({ open }) => {
  const page = await open(administrator, "/systems");
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  for (const path of pages) {
    await page.goto(path);
    await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  }
});

test("on paper there is the page and nothing of the console around it", async ({ open }) => {
  const page = await open(administrator, `${system}/checklist`);
  await expect(page.getByRole("heading", { name: "Checklist", level: 1 })).toBeVisible();
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await expect(page.getByRole("navigation").first()).toBeHidden();
  await expect(page.getByRole("button", { name: "Take back", exact: true }).first()).toBeHidden();
  await expect(page.getByRole("heading", { name: "Checklist", level: 1 })).toBeVisible();
  const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(paper, "printed on white also where the screen is dark").toMatch(/^rgba?\((255, 255, 255|0, 0, 0, 0)/);
});
