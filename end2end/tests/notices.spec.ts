// News from the operator's desk to the public page: written with a template, previewed, published, changed; a window too.
import type { Locator } from "@playwright/test";
import { expect, expectAccessible, test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";

test.use({ house: "public" });
test.describe.configure({ mode: "serial" });

const notices = "/systems/obcms/notices";

test("an update is written from a template, previewed and published", async ({ open }) => {
  const page = await open(administrator, notices);
  await expect(page.getByRole("heading", { name: "Notices", level: 1 })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Write an update" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Start from").selectOption({ label: "Work has started" });
  // the end of the window that is scheduled is known; when the next news comes is not
  await expect(dialog.getByLabel("Expected end")).toHaveValue(/^\d\d:\d\d$/);
  await dialog.getByRole("button", { name: "Publish it" }).click();
  await expect(dialog.getByLabel("Next news at")).toHaveAttribute("aria-invalid", "true");
  // once, beside the field: the note below does not say it again under the name that programs use
  await expect(dialog.getByText("Fill in “Next news at”, or take {next} out of the text.")).toHaveCount(1);
  await expect(dialog.getByText("fields.next")).toHaveCount(0);
  await dialog.getByLabel("Expected end").fill("06:30");
  await dialog.getByLabel("Next news at").fill("04:00");
  await dialog.getByLabel("Text").fill("You can **keep using** {system} until {end}. Next news at {next}. <b>No tags</b>.");
  await dialog.getByRole("button", { name: "Preview" }).click();
  const preview = dialog.getByRole("region", { name: "As the public will see it" });
  await expect(preview.getByRole("heading", { name: "Work has started" })).toBeVisible();
  await expect(preview.getByText("You can keep using OBCMS until 06:30. Next news at 04:00.", { exact: false })).toBeVisible();
  await expect(preview.getByText(/\(Asia\/Manila time\)/)).toBeVisible();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await dialog.getByRole("button", { name: "Publish it" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText("Work has started")).toBeVisible();
});

test("the public reads it at once, and sees that it was changed", async ({ open }) => {
  const reader = await open(null, "/status/obcms");
  const shows = (what: Locator) =>
    expect(async () => {
      await reader.reload();
      await expect(what).toBeVisible({ timeout: 200 });
    }).toPass({ timeout: 10_000 }); // every 15 s it is made anew in any case
  await shows(reader.getByRole("heading", { name: "Work has started" }));
  await expect(reader.getByText("until 06:30. Next news at 04:00. <b>No tags</b>", { exact: false })).toBeVisible();
  const page = await open(administrator, notices);
  await page.getByRole("listitem").filter({ hasText: "Work has started" }).getByRole("button", { name: "Change" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Text").fill("It goes on.");
  await dialog.getByRole("checkbox").check();
  await dialog.getByRole("button", { name: "Save the change" }).click();
  await expect(page.getByText("Resolved", { exact: true })).toBeVisible();
  await shows(reader.getByText(/^Changed /));
});

test("a window is scheduled in the zone of the system and completed", async ({ open }) => {
  const page = await open(administrator, notices);
  await page.getByRole("button", { name: "Schedule a window" }).click();
  const dialog = page.getByRole("dialog");
  await expectAccessible(page);
  await dialog.getByLabel("Start from").selectOption({ label: "Work planned for {date}" });
  await dialog.getByLabel("Title").fill("Restart");
  await dialog.getByLabel("Begins").fill("2036-12-13T02:00");
  await dialog.getByLabel("Ends").fill("2036-12-13T01:00");
  await dialog.getByRole("button", { name: "Schedule it" }).click();
  await expect(dialog.getByText("A window ends after it begins.")).toHaveCount(1);
  await dialog.getByLabel("Ends").fill("2036-12-13T06:00");
  await dialog.getByLabel("Number of organizations").fill("44");
  await dialog.getByRole("button", { name: "Preview" }).click();
  await expect(dialog.getByText("On Saturday 13 December 2036 from 02:00 to 06:00 (Asia/Manila time) we prepare OBCMS so that 44", { exact: false })).toBeVisible();
  await dialog.getByRole("button", { name: "Schedule it" }).click();
  await expect(dialog).toBeHidden();
  const line = page.getByRole("listitem").filter({ hasText: "Restart" });
  await line.getByRole("button", { name: "Change" }).click();
  await expect(dialog.getByLabel("Begins")).toHaveValue("2036-12-13T02:00");
  await dialog.getByLabel("Where it is").selectOption("completed");
  await dialog.getByRole("button", { name: "Save the change" }).click();
  await expect(line.getByText("Completed")).toBeVisible();
});
