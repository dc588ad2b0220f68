// The first minute: the one-time link, the first account, and what a stranger may see.
import { acceptFirstLink, signIn } from "../support/accounts.ts";
import { expect, expectAccessible, test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";
import { hashedNames, StaticHost } from "../support/static-host.ts";
import { Watch } from "../support/watch.ts";

test.use({ house: "start" });

test("the printed link makes the first account, once", async ({ open, server }) => {
  const link = await server.firstLink();
  const page = await open(null, new URL(link).pathname);
  await expectAccessible(page);
  await acceptFirstLink(page, link, administrator);

  const late = await open(null, new URL(link).pathname);
  await expect(late.getByRole("alert")).toContainText("link");
});

test("a stranger is asked to sign in and sees nothing else", async ({ open }) => {
  const page = await open(null, "/systems");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expect(page).toHaveTitle(/Sign in/);
  await expectAccessible(page);
});

test("a wrong password is refused in words, and does not say which half was wrong", async ({ open }) => {
  const page = await open(null, "/login");
  await page.getByLabel("Account name").fill(administrator.username);
  await page.getByLabel("Password").fill("wrong-password-of-length");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("The account name or the password is wrong")).toBeVisible();
});

test("an unknown address of the console says so and leads back", async ({ open }) => {
  const page = await open(null, "/nowhere/at/all");
  await expect(page.getByRole("main")).toBeVisible();
});

test("the console works from any static host that passes /api on", async ({ browser, server }) => {
  const host = new StaticHost(server.url);
  await host.start();
  const context = await browser.newContext({ baseURL: host.url });
  const page = await context.newPage();
  const watch = new Watch(page, host.url);
  await page.goto("/systems/obcms/checklist");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await signIn(page, administrator);
  await expect(page.getByRole("heading", { name: "Checklist", level: 1 })).toBeVisible();
  await expect(page.getByRole("button", { name: "Tick", exact: true }).first()).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "Checklist", level: 1 })).toBeVisible();
  const hashed = hashedNames();
  for (const extension of [".css", ".wasm", ".js"]) {
    const served = host.served.filter((name) => name.endsWith(extension) && hashed.includes(name));
    expect(served, `${extension} by hashed names`).not.toEqual([]);
  }
  watch.check();
  await context.close();
  host.stop();
});
