// Who is told: a reader subscribes by mail without script, a program is called, and links open a page without an account.
import { createHmac } from "node:crypto";
import type { Page } from "@playwright/test";
import { command } from "../support/command.ts";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";
import { header, path, Receiver } from "../support/receivers.ts";

test.use({ house: "told", outgoing: true });
test.describe.configure({ mode: "serial", timeout: 120_000 });

const told = "/systems/obcms/told";
const soon = { timeout: 30_000 };

async function publish(page: Page, title: string): Promise<void> {
  const answer = await command(page, "POST", "/systems/obcms/updates", { title, body: "You can **go on**." });
  expect(answer.status).toBe(201);
}

/** In light and dark, at a desk and on a narrow phone. */
async function expectGoodEverywhere(page: Page): Promise<void> {
  for (const width of [1440, 360]) {
    await page.setViewportSize({ width, height: 900 });
    await expectNoSidewaysScroll(page);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
}

test("a reader subscribes without script, is told of an update, and unsubscribes with one press", async ({ browser, open, server, mailbox }) => {
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled: false });
  const reader = await context.newPage();
  await reader.goto("/status/obcms");
  await reader.getByLabel("Your mail address").fill("amina@example.org");
  await reader.getByRole("button", { name: "Send me mails" }).click();
  await expect(reader.getByRole("heading", { name: "Look into your mail" })).toBeVisible();
  await expect.poll(() => mailbox.to("amina@example.org").length, soon).toBe(1);
  await reader.goto(path(mailbox.to("amina@example.org")[0], "/subscription/confirm/"));
  await reader.getByRole("button", { name: "Yes, tell me" }).click();
  await expect(reader.getByRole("heading", { name: "You will be told" })).toBeVisible();
  expect(await context.cookies()).toEqual([]);

  const page = await open(administrator, told);
  await expect(page.getByText("amina@example.org")).toBeVisible();
  await publish(page, "Work has started");
  await expect.poll(() => mailbox.to("amina@example.org").length, soon).toBe(2);
  const mail = mailbox.to("amina@example.org")[1];
  expect(header(mail, "subject")).toBe("OBCMS: Work has started");
  expect(header(mail, "list-unsubscribe-post")).toBe("List-Unsubscribe=One-Click");

  // as a mail program does it: no page is opened
  const stop = path(mail, "/subscription/stop/");
  expect(header(mail, "list-unsubscribe")).toBe(`<${server.url}${stop}>`);
  const stopped = await fetch(`${server.url}${stop}`, { method: "POST", body: new URLSearchParams({ "List-Unsubscribe": "One-Click" }) });
  expect(stopped.status).toBe(200);
  await publish(page, "Work goes on");
  await page.reload();
  await expect(page.getByRole("heading", { name: "Subscribers by mail" })).toBeVisible();
  await expect(page.getByText("amina@example.org")).toBeHidden();
  await page.waitForTimeout(7_000); // longer than the time between two looks at the outbox
  expect(mailbox.to("amina@example.org")).toHaveLength(2);
  await context.close();
});

test("a webhook is made, tried out, given up and replayed, and its secret is shown once", async ({ open }) => {
  const receiver = new Receiver();
  await receiver.start();
  const page = await open(administrator, told);
  await page.getByRole("button", { name: "Make a webhook" }).click();
  const making = page.getByRole("dialog", { name: "Make a webhook" });
  await expectAccessible(page);
  await making.getByLabel("What it is for").fill("Help desk");
  await making.getByLabel("Address to call").fill("ftp://example.org");
  await making.getByRole("button", { name: "Make the webhook" }).click();
  await expect(making.getByLabel("Address to call")).toHaveAttribute("aria-invalid", "true");
  await expect(making.getByText("address:", { exact: false })).toHaveCount(0);
  await making.getByLabel("Address to call").fill(receiver.url);
  const kinds = making.getByRole("group", { name: "What it is told" }).getByRole("checkbox");
  for (const kind of await kinds.all()) await kind.uncheck();
  await making.getByRole("button", { name: "Make the webhook" }).click();
  await expect(making.getByText("Choose at least one kind of event, or leave it out to be told of all.")).toHaveCount(1);
  await making.getByLabel("Updates").check();
  await making.getByLabel("Runs").check();
  await making.getByRole("button", { name: "Make the webhook" }).click();
  const shown = page.getByRole("dialog", { name: "Secret of the webhook" });
  await expectAccessible(page);
  const secret = await shown.getByLabel("Secret").inputValue();
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  await shown.getByRole("button", { name: "Close", exact: true }).last().click();
  await expect(shown).toBeHidden();
  expect(await page.content()).not.toContain(secret);

  const line = page.getByRole("listitem").filter({ hasText: "Help desk" });
  await expect(line.getByText("only updates, runs", { exact: false })).toBeVisible();
  await line.getByRole("button", { name: "Try it out" }).click();
  await expect(line.getByText("The call was taken.")).toBeVisible();
  const [call] = receiver.calls;
  const [, seconds, signature] = String(call.headers["switchyard-signature"]).match(/^t=(\d+),v1=(\w+)$/) ?? [];
  expect(signature).toBe(createHmac("sha256", secret).update(`${seconds}.${call.body}`).digest("hex"));

  receiver.status = 410;
  await publish(page, "Nobody is there");
  await expect(async () => {
    await page.reload();
    await expect(line.getByText("1 given up")).toBeVisible({ timeout: 1_000 });
  }).toPass(soon);
  await expectGoodEverywhere(page);
  await line.getByRole("button", { name: "Deliveries" }).click();
  const deliveries = page.getByRole("dialog", { name: "Deliveries of Help desk" });
  await expect(deliveries.getByText("the receiver answered 410: gone")).toBeVisible();
  await expectAccessible(page);
  receiver.status = 204;
  const before = receiver.calls.length;
  await deliveries.getByRole("button", { name: "Try again what was given up" }).click();
  await expect.poll(() => receiver.calls.length, soon).toBe(before + 1);
  const [failed, replayed] = receiver.calls.slice(-2).map((call) => call.headers["switchyard-delivery"]);
  expect(replayed).toBe(failed);
  await page.reload();
  await expect(line.getByText("All delivered")).toBeVisible();
  receiver.stop();
});

test("links open without an account, and revoked they look like one that never was", async ({ browser, open, server }) => {
  const page = await open(administrator, told);
  const context = await browser.newContext({ baseURL: server.url });
  const reader = await context.newPage();
  const unknown = await reader.goto("/s/nothing");
  expect(unknown?.status()).toBe(404);
  const nothing = await unknown?.text();
  for (const audience of ["executive", "engineer"]) {
    await page.getByRole("button", { name: "Make a link" }).click();
    const making = page.getByRole("dialog", { name: "Make a link" });
    await making.getByLabel("What it is for").fill(`For the ${audience}`);
    await making.getByLabel("What it shows").selectOption(audience);
    await making.getByRole("button", { name: "Make the link" }).click();
    const shown = page.getByRole("dialog", { name: "The link" });
    const address = await shown.getByLabel("Address").inputValue();
    await shown.getByRole("button", { name: "Close", exact: true }).last().click();

    await reader.goto(new URL(address).pathname);
    await expect(reader.getByRole("heading", { level: 1 })).toContainText("OBCMS");
    await expectGoodEverywhere(reader);
    expect(await context.cookies()).toEqual([]);

    const line = page.getByRole("listitem").filter({ hasText: `For the ${audience}` });
    await line.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("button", { name: "Revoke the link" }).click();
    await expect(line.getByText("Revoked")).toBeVisible();
    const gone = await reader.goto(new URL(address).pathname);
    expect(gone?.status()).toBe(404);
    expect(await gone?.text()).toBe(nothing);
  }
  await expectAccessible(reader);
  await context.close();

  // before the migration there are no organizations to make one for
  await page.getByRole("button", { name: "Make a link" }).click();
  const making = page.getByRole("dialog", { name: "Make a link" });
  await making.getByLabel("What it is for").fill("For a ministry");
  await making.getByLabel("What it shows").selectOption("organization");
  await making.getByLabel("Organization", { exact: true }).fill("MOH");
  await making.getByRole("button", { name: "Make the link" }).click();
  await expect(making.getByText("The organizations table does not exist yet.", { exact: false })).toBeVisible();
});
