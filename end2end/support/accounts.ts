// How people get in: the first through the one-time link printed at start, the others by an invitation.
import { expect, type Page } from "@playwright/test";
import type { Person } from "./people.ts";

/** Makes the first account, as the person who started Switchyard would, and leaves the page signed in. */
export async function acceptFirstLink(page: Page, link: string, person: Person): Promise<void> {
  await page.goto(link);
  await page.getByLabel("Account name").fill(person.username);
  await fillWelcome(page, person);
}

/** Invites a person from the users page of an administrator, and lets the person in on that same page. */
export async function invite(page: Page, person: Person): Promise<void> {
  await page.goto("/users");
  await page.getByRole("button", { name: "Invite a person" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Account name").fill(person.username);
  await dialog.getByLabel("Name", { exact: true }).fill(person.name);
  await dialog.getByRole("radio", { name: person.role }).check();
  await dialog.getByRole("button", { name: "Make the link" }).click();
  const link = await dialog.getByRole("textbox", { name: "Link" }).inputValue();
  await page.context().clearCookies();
  await page.goto(new URL(link, page.url()).pathname);
  await fillWelcome(page, person);
}

async function fillWelcome(page: Page, person: Person): Promise<void> {
  await page.getByLabel("Your name").fill(person.name);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByRole("heading", { name: "Systems" })).toBeVisible();
}
