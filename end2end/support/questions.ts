// The two questions before an action that weighs: type a name, and give the password again.
import { expect, type Page } from "@playwright/test";
import { administrator, type Person } from "./people.ts";

/** Answers the dialog that asks for the password again before a destructive action, when it comes. */
export async function confirmPassword(page: Page, after: () => Promise<void>, person: Person = administrator): Promise<void> {
  await after();
  const dialog = page.getByRole("dialog", { name: "Confirm that it is you" });
  const asked = await dialog.waitFor({ timeout: 3_000 }).then(() => true, () => false);
  if (!asked) return;
  await dialog.getByLabel("Password").fill(person.password);
  await dialog.getByRole("button", { name: "Confirm" }).click();
  await expect(dialog).toBeHidden();
}

/** Types the name that the dialog asks for, and shows that nothing else would do. */
export async function confirmTyped(page: Page, question: string | RegExp): Promise<void> {
  const dialog = page.getByRole("dialog", { name: question });
  const field = dialog.getByLabel(/^Type .* to confirm$/);
  const act = dialog.locator("button[type=submit]");
  const name = await dialog.locator("label b").innerText();
  await field.fill(`not ${name}`);
  await expect(act).toHaveAttribute("aria-disabled", "true");
  await field.fill(name);
  await expect(act).not.toHaveAttribute("aria-disabled");
  await confirmPassword(page, () => act.click());
  await expect(dialog).toBeHidden({ timeout: 30_000 });
}
