// How people get in: the first through the one-time link printed at start, the others by an invitation.
import { expect, type Page } from "@playwright/test";
import { command } from "./command.ts";
import { administrator, type Person } from "./people.ts";

/** Makes the first account, as the person who started Switchyard would, and leaves the page signed in. */
export async function acceptFirstLink(page: Page, link: string, person: Person): Promise<void> {
  await page.goto(new URL(link).pathname);
  await page.getByLabel("Account name").fill(person.username);
  await acceptLink(page, person);
}

/** Invites a person as the administrator who is signed in on this page, then lets the person in on it. */
export async function invite(page: Page, person: Person): Promise<void> {
  await page.goto("/systems");
  // the password given at the sign-in holds for ten minutes only
  await command(page, "POST", "/session/confirm", { password: administrator.password });
  const body = { username: person.username, name: person.name, role: person.role.toLowerCase() };
  const invited = await command(page, "POST", "/accounts", body);
  expect(invited.status, JSON.stringify(invited.body)).toBe(201);
  const { link } = invited.body;
  await page.context().clearCookies();
  await page.goto(new URL(link, page.url()).pathname);
  await acceptLink(page, person);
}

/** Fills in the rest of the welcome page and ends on the systems list. */
export async function acceptLink(page: Page, person: Person): Promise<void> {
  await page.getByLabel("Your name").fill(person.name);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByLabel("Password again").fill(person.password);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByRole("heading", { name: "Systems", level: 1 })).toBeVisible();
}

/** Signs in with the form on the page. */
export async function signIn(page: Page, person: Person): Promise<void> {
  await page.getByLabel("Account name").fill(person.username);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
}
