// The second administrator, who is asked before something destructive.
import { expect, type Page } from "@playwright/test";
import { expectAccessible } from "./fixtures.ts";
import { second } from "./people.ts";
import { confirmPassword } from "./questions.ts";

/** Approves, on a page of the second administrator, the request of this text that waits. */
export async function approve(theirs: Page, text: RegExp, note = ""): Promise<void> {
  const asked = theirs.getByRole("region", { name: "Approvals" }).getByRole("listitem").filter({ hasText: text });
  await asked.getByRole("button", { name: "Approve" }).click();
  const question = theirs.getByRole("dialog", { name: "Approve this?" });
  await expectAccessible(theirs);
  await question.getByLabel("Note").fill(note);
  await confirmPassword(theirs, () => question.getByRole("button", { name: "Approve" }).click(), second);
  await expect(question).toBeHidden();
}
