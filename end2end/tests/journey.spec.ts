// The main job in a real browser, from the first account to the ways back, on the sample system of real size. The steps
// build on each other; each page that is met is also held against WCAG 2.2 AA.
import { readFile } from "node:fs/promises";
import { addresses, addressOf } from "../support/addresses.ts";
import { approve } from "../support/approvals.ts";
import { command } from "../support/command.ts";
import { expectUndone } from "../support/coverage.ts";
import { expect, expectAccessible, expectNoSidewaysScroll, test, watchOf } from "../support/fixtures.ts";
import { administrator, second } from "../support/people.ts";
import { prepareOrganization, startRun } from "../support/preparations.ts";
import { confirmTyped } from "../support/questions.ts";

test.use({ house: "journey" });
test.describe.configure({ mode: "serial", timeout: 180_000 });

const system = "/systems/obcms";

/** The pilot: prepared by hand in the wizard, and two more as their lists were kept on paper. */
const [first, ...others] = ["MOH", "MBHTE", "MAFAR"] as const;
const file = `code,name,kind,contact_name,contact_email
MOH,Ministry of Health,ministry,Safia Amir,safia@moh.example
MBHTE,Ministry of Basic Education,ministry,Omar Dimapuro,omar@mbhte.example
MAFAR,Ministry of Agriculture,ministry,Noraida Abas,noraida at mafar
`;

test("every item of the checklist that a person has to tick is ticked by name", async ({ open }) => {
  const page = await open(administrator, `${system}/checklist`);
  await expect(page.getByRole("heading", { name: "Checklist", level: 1 })).toBeVisible();
  await expectAccessible(page);
  const ticks = page.getByRole("button", { name: "Tick", exact: true });
  await expect(ticks.first()).toBeVisible();
  for (let left = await ticks.count(); left > 0; left--) {
    await ticks.first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Note").fill("Kept in the office");
    await dialog.getByRole("button", { name: "Tick with my name" }).click();
    await expect(dialog).toBeHidden();
    await expect(ticks).toHaveCount(left - 1);
  }
  await expect(page.getByText("Farida Usman").first()).toBeVisible();
});

test("a backup is made, and is verified by restoring it", async ({ open }) => {
  const page = await open(administrator, `${system}/rollback`);
  await page.getByRole("button", { name: "Back up now" }).click();
  await expect(page.getByText("Verified", { exact: true }).first()).toBeVisible({ timeout: 120_000 });
  await expectAccessible(page);
});

test("the run stops at the gate of the 23 projects that no rule can place", async ({ open }) => {
  const page = await open(administrator, `${system}/runs/new`);
  await expectAccessible(page);
  await startRun(page, 1);
  await expect(page.getByText(/Gate closed/).first()).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole("heading", { name: /319 of 342|23/ }).first()).toBeVisible();
  await expectAccessible(page);
});

test("the page of the run outlives a server that is killed and started again", async ({ open, server }) => {
  const page = await open(administrator, `${system}/runs/1`);
  await expect(page.getByText(/Gate closed/).first()).toBeVisible();
  watchOf(page).connectionWillBeLost();
  await server.stop("SIGKILL");
  await expect(page.getByText(/^Connection lost at/)).toBeVisible({ timeout: 60_000 });
  await expectAccessible(page);
  await server.start();
  await expect(page.getByText(/^Connection lost at/)).toBeHidden({ timeout: 60_000 });
  await expect(page.getByText(/Gate closed/).first()).toBeVisible();
});

test("one project is assigned by hand, the others by rule, the gate opens, and the run ends", async ({ open }) => {
  const away = await open(administrator, `${system}/runs/1`);
  await expect(away.getByText(/Gate closed/).first()).toBeVisible();
  watchOf(away).connectionWillBeLost();
  await away.context().setOffline(true);
  await expect(away.getByText(/^Connection lost at/)).toBeVisible();

  const page = await open(administrator, `${system}/coverage`);
  await expect(page.getByText(/23/).first()).toBeVisible();
  await expectAccessible(page);
  const left = page.getByRole("region", { name: "Records without an organization" });
  const rows = left.locator("tbody tr");
  await expect(rows).toHaveCount(23);
  const project = await rows.first().getByRole("rowheader").innerText();
  await expect(rows.first().getByText("OOBC", { exact: true }), "the suggestion").toBeVisible();
  await rows.first().getByLabel(/^Organization of PPA /).selectOption("OOBC");
  await expect(left.getByText("1 selected")).toBeVisible();
  await left.getByRole("button", { name: "Assign 1 to OOBC" }).click();
  const one = page.getByRole("dialog", { name: "Assign 1 to OOBC?" });
  await expect(one.getByText(/^Coverage goes from /)).toBeVisible();
  await one.getByRole("button", { name: "Assign 1 to OOBC" }).click();
  await expect(one).toBeHidden();
  await expect(rows).toHaveCount(22);
  await expect(left.getByRole("rowheader", { name: project, exact: true })).toBeHidden();

  await page.getByRole("button", { name: "Assign by rule" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("radio", { name: /All that are left/ }).check();
  await dialog.getByLabel("Organization", { exact: true }).selectOption("OOBC");
  await dialog.getByRole("button", { name: /Assign 22 records/ }).click();
  await expect(dialog).toBeHidden();

  await page.goto(`${system}/runs/1`);
  const again = page.getByRole("button", { name: "Check the gate again" });
  const done = page.getByText("Done", { exact: true }).first();
  await expect(again.or(done).first()).toBeVisible();
  if (await again.isVisible()) await again.click();
  await expect(page.locator("main .head, main header").getByText(/Done/).first()).toBeVisible({ timeout: 120_000 });

  // the run went on without the page that had lost its connection; back again, it shows how things are now
  await expect(away.locator("main .head").getByText("Waiting at gate")).toBeVisible();
  await away.context().setOffline(false);
  await expect(away.locator("main .head").getByText("Done", { exact: true })).toBeVisible({ timeout: 60_000 });
  await expect(away.getByText(/^Connection lost at/)).toBeHidden();
});

test("the report is measured against the live system, and every check passes", async ({ open }) => {
  const page = await open(administrator, `${system}/reports`);
  await expect(page.getByText("No report yet")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Measure now" }).click();
  await expect(page).toHaveURL(/\/reports\/1$/, { timeout: 120_000 });
  await expect(page.getByText(/^All \d+ checks passed$/).first()).toBeVisible();
  await expectAccessible(page);

  for (const [label, extension, opens] of [["Markdown", "md", "# "], ["JSON", "json", "{"]] as const) {
    const waiting = page.waitForEvent("download");
    await page.getByRole("link", { name: label }).click();
    const download = await waiting;
    expect(download.suggestedFilename()).toMatch(new RegExp(`report.*\\.${extension}$`));
    expect(await readFile(await download.path(), "utf8")).toMatch(new RegExp(`^\\${opens}`));
  }
  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("article", { name: /report 1$/ })).toBeVisible();
  await expect(page.getByText("Reviewed by")).toBeVisible();
  await expect(page.getByRole("button", { name: "Print or save as PDF" })).toBeHidden();
  await expect(page.getByRole("navigation").first()).toBeHidden();
  await page.emulateMedia({ media: "screen" });

  await page.goto(`${system}/reports`);
  await page.getByRole("button", { name: "Measure now" }).click();
  await expect(page).toHaveURL(/\/reports\/2$/, { timeout: 120_000 });
  await page.getByLabel("Compare with").selectOption({ label: await page.getByRole("option", { name: /^Report 1,/ }).innerText() });
  await expect(page.getByRole("region", { name: "Report 2 beside report 1" })).toBeVisible();
  await expect(page.getByText("Worse", { exact: true })).toHaveCount(0);
  await expectAccessible(page);

  // the overview tells of the sealed evidence by its hash, which has no place to break a line
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(system);
  await expect(page.getByText(/Sealed the evidence of run 1/)).toBeVisible();
  await expectNoSidewaysScroll(page);
});

test("three organizations are imported, after the wrong row is put right on the page", async ({ open }) => {
  const page = await open(administrator, `${system}/organizations/import`);
  await page.getByText("Paste text instead").click();
  await page.getByLabel("Text of the CSV file").fill(file);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Read the text" }).click();
  await expect(page.getByRole("heading", { name: "Fix 1 row" })).toBeVisible();
  await expect(page.getByRole("button", { name: /^Import \d/ })).toHaveAttribute("aria-disabled", "true");
  await expectAccessible(page);
  const wrong = page.getByLabel("Contact address, line 4");
  await wrong.fill("noraida@mafar.example");
  await wrong.press("Tab");
  await expect(page.getByText("Ready to import")).toBeVisible();
  await page.getByRole("button", { name: "Import 3" }).click();
  await expect(page).toHaveURL(/\/organizations$/);
  for (const code of [first, ...others]) await expect(page.getByText(code, { exact: true }).first()).toBeVisible();
  await expectAccessible(page);
});

test("an organization is prepared in the wizard, which refuses to hand over before its list is done", async ({ open }) => {
  const wizard = `${system}/organizations/${first}/onboard`;
  const page = await open(administrator, `${wizard}?step=hand-over`);
  const handOver = page.getByRole("button", { name: "Hand over: mark as prepared" });
  await expect(handOver).toHaveAttribute("aria-disabled", "true");
  await expectAccessible(page);

  await page.goto(`${wizard}?step=administrator`);
  await page.getByRole("button", { name: "Add an administrator" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Amina Sali");
  await dialog.getByLabel("Address").fill("amina@moh.example");
  await dialog.getByRole("button", { name: "Add the person" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await expectAccessible(page);

  await page.goto(`${wizard}?step=training`);
  await page.getByLabel("Amina Sali is trained").check();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await expectAccessible(page);

  await page.goto(`${wizard}?step=owner`);
  await page.getByRole("checkbox", { name: /Data owner agreed/ }).check();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await expectAccessible(page);

  await page.goto(`${wizard}?step=hand-over`);
  await page.getByRole("button", { name: "Check now" }).click();
  await expect(page.getByText("0 foreign rows").first()).toBeVisible({ timeout: 30_000 });
  await handOver.click();
  await expect(page.getByRole("button", { name: "Start its pilot" })).toHaveAttribute("aria-disabled", "true");
  await expectAccessible(page);
});

test("two more are prepared, and the three are planned as the pilot", async ({ open }) => {
  const page = await open(administrator, `${system}/organizations`);
  for (const code of others) await prepareOrganization(page, system, code);
  await page.reload();
  await page.getByRole("button", { name: "Plan the waves" }).click();
  const plan = page.getByRole("dialog", { name: "Plan the waves" });
  for (const code of [first, ...others]) await plan.getByLabel(`Wave of ${code}`).selectOption({ label: "Pilot" });
  await expectAccessible(page);
  await plan.getByRole("button", { name: "Save the plan" }).click();
  await expect(plan).toBeHidden();
  const pilot = page.getByRole("region", { name: "Waves" });
  await expect(pilot.getByText("MAFAR, MBHTE, MOH")).toBeVisible();
  await expect(pilot.getByRole("button", { name: "Start the pilot" })).toBeHidden();
  await expectAccessible(page);
});

test("of two administrators who change the same organization, the later is told what the other did", async ({ open }) => {
  const wizard = `${system}/organizations/${others[0]}/onboard?step=training`;
  const [ours, theirs] = [await open(administrator, wizard), await open(second, wizard)];
  const trained = "Ali Datu is trained";
  await expect(theirs.getByLabel(trained)).toBeChecked();

  // hers is on its way while his arrives
  let release = () => {};
  const held = new Promise<void>((go) => (release = go));
  await theirs.route(`**/api/v1${system}/organizations/${others[0]}`, async (route) => {
    if (route.request().method() === "PATCH") await held;
    await route.continue();
  });
  await theirs.getByLabel(trained).uncheck();
  await ours.getByLabel(trained).uncheck();
  await expect(ours.getByText("Saved", { exact: true })).toBeVisible();
  release();
  await expect(theirs.getByText(/MBHTE was changed/)).toBeVisible();
  await expectAccessible(theirs);
  await ours.getByLabel(trained).check();
  await expect(ours.getByText("Saved", { exact: true })).toBeVisible();
  // and what he did is on her page without a reload
  await expect(theirs.getByLabel(trained)).toBeChecked();
});

test("six open gates and the typed name switch the mode, and many organizations are served", async ({ open }) => {
  const page = await open(administrator, `${system}/mode`);
  await expect(page.getByText("6 of 6 gates open").first()).toBeVisible({ timeout: 30_000 });
  await expectAccessible(page);
  await page.getByRole("button", { name: "Switch to BMMS mode" }).click();
  await confirmTyped(page, "Switch to BMMS mode?");
  await expect(page.getByRole("heading", { name: "BMMS mode is on", level: 1 })).toBeVisible({ timeout: 120_000 });
  await expect(page.getByRole("heading", { name: "Measured downtime" })).toBeVisible();
  await expect(page.getByRole("button", { name: /^Organization:/ })).toBeVisible();
  await expectAccessible(page);

  await page.goto(`${system}/all`);
  const totals = page.getByRole("region", { name: "Records by organization" });
  await expect(totals.getByRole("rowheader", { name: /^OOBC/ })).toBeVisible();
  await expect(totals.locator("tfoot td").last()).toHaveText(/\d/);
  await expectAccessible(page);

  await page.goto(`${system}/organizations`);
  await page.getByRole("button", { name: "Start the pilot" }).click();
  await expect(page.getByText("Pilot", { exact: true }).first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Start the pilot" })).toBeHidden();
  await expectAccessible(page);
});

test("one organization is suspended with a reason, no other is touched, and it is brought back", async ({ open }) => {
  const page = await open(administrator, `${system}/organizations`);
  const suspended = others[1];
  const row = (code: string) => page.getByRole("row").filter({ hasText: code });
  const move = async (to: string) => {
    await row(suspended).getByRole("button", { name: `Move or open ${suspended}` }).click();
    await page.getByRole("menuitem", { name: `Move to ${to}` }).click();
  };
  await move("Suspended");
  const dialog = page.getByRole("dialog", { name: `Suspend ${suspended}?` });
  await expect(dialog.getByLabel("Reason"), "an effect opened the dialog").toBeFocused();
  await dialog.getByRole("button", { name: `Suspend ${suspended}` }).click();
  await expect(dialog.getByText("Write a reason first.")).toBeVisible();
  await dialog.getByLabel("Reason").fill("Its office moves this week");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: `Suspend ${suspended}` }).click();
  await expect(dialog).toBeHidden();
  await expect(row(suspended).getByText("Suspended", { exact: true })).toBeVisible();
  for (const code of [first, others[0]]) await expect(row(code).getByText("Pilot", { exact: true }).first()).toBeVisible();
  await expectAccessible(page);

  await move("Prepared");
  const back = page.getByRole("dialog", { name: `Bring ${suspended} back?` });
  await back.getByLabel("Reason").fill("Its office has moved");
  await expectAccessible(page);
  await back.getByRole("button", { name: `Bring ${suspended} back` }).click();
  await expect(back).toBeHidden();
  await expect(row(suspended).getByText("Prepared", { exact: true }).first()).toBeVisible();
  for (const code of [first, others[0]]) await expect(row(code).getByText("Pilot", { exact: true }).first()).toBeVisible();
});

test("the organization that is chosen filters the records, and stays chosen from page to page", async ({ open }) => {
  const page = await open(administrator, `${system}/data`);
  const selector = page.getByRole("button", { name: /^Organization:/ });
  const choose = async (words: string) => {
    await selector.click();
    await page.getByRole("combobox", { name: "Search organizations" }).fill(words);
    await page.getByRole("option").first().click();
  };
  const models = page.getByRole("navigation", { name: "Models" });
  await models.getByRole("link", { name: /^PPAs/ }).click();
  const all = await models.locator("a[aria-current=page] .count").innerText();
  await choose("OOBC");
  await expect(page).toHaveURL(/organization=OOBC/);
  await expect(page.getByText(/^Records of OOBC only/)).toBeVisible();
  await expect(page.getByRole("table").locator("tbody tr").first()).toBeVisible();
  await expect(models.locator("a[aria-current=page] .count")).toHaveText(all);
  await expectAccessible(page);

  await choose("MOH");
  await expect(page.getByText("This organization has no row of this model.")).toBeVisible();
  await expect(models.locator("a[aria-current=page] .count")).toHaveText("0");
  await page.getByRole("link", { name: "Checklist" }).click();
  await expect(page.getByRole("heading", { name: "Checklist", level: 1 })).toBeVisible();
  await expect(selector).toHaveAccessibleName(/Ministry of Health/);
  await page.getByRole("link", { name: "Data", exact: true }).click();
  await expect(page).toHaveURL(/\/data\?organization=MOH/);
  await expect(page.getByText(/^Records of MOH only/)).toBeVisible();
  await choose("All organizations");
  await expect(page.getByText(/^Records of all organizations/)).toBeVisible();
  await expect(page).not.toHaveURL(/organization=/);
});

test("every page, full as it is now, fits a phone of 360 pixels and reads in dark", async ({ open }) => {
  const page = await open(administrator, system);
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.setViewportSize({ width: 360, height: 740 });
  for (const address of [...addresses.map(addressOf), `${system}/organizations?view=board`]) {
    await page.goto(address);
    await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  }
});

test("the mode is switched back, and nothing is lost", async ({ open }) => {
  const page = await open(administrator, `${system}/rollback`);
  const press = page.getByRole("button", { name: "Switch the mode back…" });
  await expect(press).toBeVisible({ timeout: 30_000 });
  await page.getByRole("radio", { name: "Switch the mode back" }).check();
  await expectAccessible(page);
  await press.click();
  await confirmTyped(page, "Switch the mode back?");
  const record = page.getByRole("region", { name: "Mode switched back" });
  await expect(record.getByText("Rolled back", { exact: true })).toBeVisible({ timeout: 120_000 });
  await expect(record.getByText(/, 0 rows lost/)).toBeVisible();
  await expect(page.getByRole("button", { name: /^Organization:/ })).toBeHidden();
  await expectAccessible(page);
});

test("a second administrator agrees before the mode is switched again, and nobody agrees with themselves", async ({ open, server }) => {
  await server.restartWith("[approvals]\nrequire_second_administrator = true\n");
  const page = await open(administrator, `${system}/mode`);
  const press = page.getByRole("button", { name: "Switch to BMMS mode" });
  const dialog = page.getByRole("dialog", { name: "Switch to BMMS mode?" });
  await press.click();
  await dialog.getByLabel("Type BMMS to confirm").fill("BMMS");
  await dialog.getByRole("button", { name: "Ask for approval" }).click();
  await expect(dialog).toBeHidden();
  const asked = page.getByRole("region", { name: "Approvals" });
  await expect(asked.getByText("Waiting", { exact: true }).first()).toBeVisible();
  await expect(asked.getByRole("button", { name: "Approve" })).toBeHidden();

  const theirs = await open(second, `${system}/mode`);
  await approve(theirs, /Switch OBCMS to many organizations/, "Seen together");
  await expect(asked.getByText(/Approved by s\.dimaporo: Seen together/)).toBeVisible();

  // what was agreed to is not how it is any more: it does not count, and says whom to ask
  const condition = `${system}/checklist/staging-validated`;
  expect((await command(page, "PUT", condition, { done: false, note: "" })).status).toBe(200);
  await expect(asked.getByText(/Does not count any more\..*Ask s\.dimaporo again/)).toBeVisible();
  await expectAccessible(page);
  expect((await command(page, "PUT", condition, { done: true, note: "Seen in staging" })).status).toBe(200);
  await expect(asked.getByText(/Does not count any more/)).toBeHidden();

  await press.click();
  await confirmTyped(page, "Switch to BMMS mode?");
  await expect(page.getByRole("heading", { name: "BMMS mode is on", level: 1 })).toBeVisible({ timeout: 120_000 });
  await expectAccessible(page);

  // the way back never waits for anybody
  await page.getByRole("button", { name: "Switch back to OBCMS mode" }).click();
  await confirmTyped(page, "Switch back to OBCMS mode?");
  await expect(page.getByRole("heading", { name: "Switch to BMMS mode", level: 1 })).toBeVisible({ timeout: 120_000 });
  watchOf(page).connectionWillBeLost();
  watchOf(theirs).connectionWillBeLost();
  await server.restartWith("");
});

test("one app is undone, the others stay, and what comes after is written down", async ({ open }) => {
  const page = await open(administrator, `${system}/rollback`);
  await expect(page.getByRole("radio", { name: "Undo some apps" })).toBeVisible({ timeout: 30_000 });
  await page.getByRole("radio", { name: "Undo some apps" }).check();
  const app = page.getByRole("checkbox", { name: /^Communities/ });
  await expect(app).toBeEnabled();
  await app.check();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Undo Communities…" }).click();
  await confirmTyped(page, "Undo Communities?");
  const record = page.getByRole("region", { name: "Undone: communities" });
  await expect(record.getByText("Rolled back", { exact: true })).toBeVisible({ timeout: 120_000 });
  await expect(record.getByText("After it: 0 of 5 tasks done")).toBeVisible({ timeout: 30_000 });
  await expectAccessible(page);

  await record.getByLabel("Find the cause").fill("The names of two barangays were merged by mistake.");
  await record.getByLabel("Done").first().check();
  await record.getByRole("button", { name: "Write it down" }).first().click();
  await expect(record.getByText("After it: 1 of 5 tasks done")).toBeVisible({ timeout: 30_000 });

  await expectUndone(page, system, "communities");
});

test("two more apps are undone in one go, and only they", async ({ open }) => {
  const page = await open(administrator, `${system}/rollback`);
  await page.getByRole("radio", { name: "Undo some apps" }).check();
  await page.getByRole("checkbox", { name: /^MANA/ }).check();
  await page.getByRole("checkbox", { name: /^Coordination/ }).check();
  await page.getByRole("button", { name: "Undo MANA and Coordination…" }).click();
  await confirmTyped(page, "Undo MANA and Coordination?");
  const record = page.getByRole("region", { name: /^Undone: .*mana/ });
  await expect(record.getByText("Rolled back", { exact: true })).toBeVisible({ timeout: 120_000 });
  await expectAccessible(page);

  // what is undone is not chosen any more
  await expect(page.getByRole("checkbox", { name: /^MANA/ })).not.toBeChecked();
  await expect(page.getByRole("checkbox", { name: /^MANA/ })).toBeDisabled();

  const undone = ["communities", "mana", "coordination"];
  const { groups } = (await command(page, "GET", `${system}/coverage`)).body;
  for (const group of groups) {
    for (const model of group.models) expect(model.required, model.table).toBe(!undone.includes(group.name));
  }
});

test("the verified backup is restored, and the tasks after it wait", async ({ open }) => {
  const page = await open(administrator, `${system}/rollback`);
  await expect(page.getByRole("radio", { name: "Go back in full" })).toBeVisible({ timeout: 30_000 });
  await page.getByRole("radio", { name: "Go back in full" }).check();
  await expectAccessible(page);
  await page.getByRole("button", { name: /^Restore .*…$/ }).click();
  await confirmTyped(page, /^Restore .*\?$/);
  const record = page.getByRole("region", { name: /^Restored / });
  await expect(record.getByText("Rolled back", { exact: true })).toBeVisible({ timeout: 120_000 });
  await expect(record.getByText("After it: 0 of 5 tasks done")).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole("heading", { name: "Earlier rollbacks" })).toBeVisible();
  await expectAccessible(page);

  // the database before the restore is kept until somebody says that it is not needed any more
  const kept = page.getByRole("region", { name: "Kept from before a restore" });
  await expect(kept.getByText(/before-restore-/)).toBeVisible();
  await kept.getByRole("button", { name: /^Release / }).click();
  await expectAccessible(page);
  await confirmTyped(page, "Release the kept database?");
  await expect(kept).toBeHidden();
  await page.goto(`${system}/audit?action=backup.kept-released`);
  await expect(page.getByText(/^Releases .* for good/)).toBeVisible();

  // no page says of this database what was true of the one before
  await page.goto(system);
  await expect(page.getByText("Write down what happened").first()).toBeVisible();
  await expect(page.getByText("0 of 3 prepared")).toBeVisible();
  await expect(page.getByText("Not made", { exact: true })).toBeVisible();
  await expectAccessible(page);
  await page.goto(`${system}/all`);
  await expect(page.getByText("No record has an organization yet")).toBeVisible();
  await expectAccessible(page);
});
