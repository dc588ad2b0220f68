// The main job on PostgreSQL: whom a run waits for and for whom it holds, its pace while it goes on, and the ways back
// that this database has. What is the same on both databases is in the journey.
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { command } from "../support/command.ts";
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";
import { prepareOrganization, startRun, tickChecklist } from "../support/preparations.ts";
import { follow, psql, Session } from "../support/psql.ts";
import { confirmTyped } from "../support/questions.ts";

test.use({ house: "postgres", postgres: true });
test.describe.configure({ mode: "serial", timeout: 300_000 });

const system = "/systems/obcms";

/** A table that is filled from another one, in batches once it has many rows. */
const table = "mana_participantresponse";

/** The state beside the heading. */
const standing = (page: Page, words: string) => page.locator("main .head").getByText(words, { exact: true });

/** What the run says that it waits for. */
const waits = (page: Page): Locator => page.getByRole("region", { name: "Effect on users" }).locator("dd").last();

/** Light, dark and on a phone: nothing sticks out, axe finds nothing, and where it is asked for there is a picture. */
async function looks(page: Page, name: string): Promise<void> {
  const kinds = [
    { look: "light", colorScheme: "light", width: 1440 },
    { look: "dark", colorScheme: "dark", width: 1440 },
    { look: "390", colorScheme: "light", width: 390 },
  ] as const;
  for (const { look, colorScheme, width } of kinds) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 900 });
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    if (process.env.PICTURES) await page.screenshot({ path: `screenshots/postgres-${name}-${look}.png`, fullPage: true, animations: "disabled" });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1440, height: 900 });
}

test("a backup of the server is made, and is verified by restoring it", async ({ open, server }) => {
  // enough rows that the table is filled in batches
  const columns = psql(
    server.database,
    `SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
     WHERE table_name = '${table}' AND column_name <> 'id'`,
  );
  psql(server.database, `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${table}, generate_series(1, 40000)
     LIMIT 40000; ANALYZE ${table}`);

  const page = await open(administrator, `${system}/rollback`);
  await page.getByRole("button", { name: "Back up now" }).click();
  await expect(page.getByText("Verified", { exact: true }).first()).toBeVisible({ timeout: 120_000 });
  await tickChecklist(page, system, true);
});

test("a run that waits for a lock names the session that has it, and its pace is changed meanwhile", async ({ open, server }) => {
  const report = new Session(server.database, "monthly report");
  report.send(`BEGIN; LOCK TABLE ${table} IN ACCESS SHARE MODE;`);
  const process = await report.process();

  const page = await open(administrator, `${system}/runs/new`);
  await startRun(page, 1);
  await expect(waits(page)).toContainText(
    new RegExp(`monthly report of postgres \\(process ${process}, idle in transaction, its query \\d+ s old\\)`),
    { timeout: 120_000 },
  );
  await expect(waits(page)).toContainText(new RegExp(`a lock on ${table} for \\d+ s, attempt \\d+ of 120`));
  await page.getByLabel("Pace").selectOption("10");
  await expect(page.getByLabel("Pace")).toHaveValue("10");
  const disk = page.getByRole("region", { name: "Disk" });
  await expect(disk.getByText(/^[\d.]+ [MGT]iB of [\d.]+ [GT]iB$/)).toBeVisible();
  await expect(disk.getByText("Write-ahead log")).toBeVisible();
  await expect(page.getByRole("region", { name: "Replication" }).getByText("No replicas: nobody follows this server.")).toBeVisible();
  await looks(page, "waits");
  await expect(page.getByLabel("Pace"), "it stays, however long the run waits").toHaveValue("10");
  report.close();
  await expect(waits(page)).not.toContainText("monthly report", { timeout: 30_000 });
});

test("while a session of the application waits for a lock the run holds and says so, and goes on at full pace", async ({ open, server }) => {
  const page = await open(administrator, `${system}/runs/1`);
  const progress = async () => (await command(page, "GET", `${system}/runs/1`)).body.progress;
  const batches = async () => {
    const { step, rows_done, rows_total } = await progress();
    return step?.endsWith(`populate.${table}`) && rows_done > 0 && rows_done < rows_total;
  };
  await expect.poll(batches, { timeout: 60_000, intervals: [100] }).toBe(true);
  const [payroll, clerk] = [new Session(server.database, "payroll"), new Session(server.database, "clerk")];
  psql(server.database, "CREATE TABLE IF NOT EXISTS elsewhere AS SELECT 1 AS id");
  payroll.send("BEGIN; UPDATE elsewhere SET id = 2;");
  const [holder, waiter] = [await payroll.process(), await clerk.process()];
  clerk.send("UPDATE elsewhere SET id = 3;");
  await expect(waits(page)).toHaveText(
    new RegExp(`^clerk \\(process ${waiter}\\), which has waited \\d+ s for a lock of payroll \\(process ${holder}, idle in transaction\\)`),
    { timeout: 30_000 },
  );
  const { rows_done } = await progress();
  const archive = follow(server.database, "archive", join(server.data, "archive"));
  payroll.send("SELECT pg_create_physical_replication_slot('away', true, true);");
  const replication = page.getByRole("region", { name: "Replication" });
  await expect(replication.getByText("archive, streaming")).toBeVisible({ timeout: 60_000 });
  await expect(replication.getByText("Slot away, in use")).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/set aside/), "rows that it has not come to yet").toBeHidden();
  await looks(page, "holds");
  expect((await progress()).rows_done, "nothing is written while it holds").toBe(rows_done);
  payroll.close();
  archive.kill();
  await expect(waits(page)).not.toContainText("clerk", { timeout: 30_000 });
  clerk.close();
  psql(server.database, "DROP TABLE elsewhere");

  await page.getByLabel("Pace").selectOption("100");
  await expect(standing(page, "Waiting at gate")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText(/The run holds for clerk/)).toBeVisible();
  await expect(page.getByText("The run works 100 % of the time from now on.")).toBeVisible();
});

test("the gate opens, the run ends, and the report of the live server passes", async ({ open, server }) => {
  const page = await open(administrator, `${system}/runs/1`);
  const rule = { model: "PPA", preview: false, rule: { all: { organization: "OOBC" } } };
  expect((await command(page, "POST", `${system}/decisions/rule`, rule)).status).toBeLessThan(300);
  await expect(standing(page, "Done")).toBeVisible({ timeout: 60_000 });
  expect(psql(server.database, `SELECT count(*) FROM ${table} WHERE organization_id IS NULL`)).toBe("0");
  expect(psql(server.database, "SELECT count(*) FROM pg_index WHERE NOT indisvalid")).toBe("0");

  await page.goto(`${system}/reports`);
  await page.getByRole("button", { name: "Measure now" }).click();
  await expect(page).toHaveURL(/\/reports\/1$/, { timeout: 60_000 });
  await expect(page.getByText(/^All \d+ checks passed$/).first()).toBeVisible();
});

test("three organizations are prepared, and the mode is switched and switched back", async ({ open }) => {
  const page = await open(administrator, system);
  const rows = ["MOH,Ministry of Health", "MBHTE,Ministry of Basic Education", "MAFAR,Ministry of Agriculture"];
  const lines = rows.map((row) => `${row},ministry,Safia Amir,safia@example.org\n`);
  await page.goto(`${system}/organizations/import`);
  await page.getByText("Paste text instead").click();
  await page.getByLabel("Text of the CSV file").fill(`code,name,kind,contact_name,contact_email\n${lines.join("")}`);
  await page.getByRole("button", { name: "Read the text" }).click();
  await page.getByRole("button", { name: "Import 3" }).click();
  await expect(page).toHaveURL(/\/organizations$/);
  const pilot = ["MOH", "MBHTE", "MAFAR"];
  for (const code of pilot) await prepareOrganization(page, system, code);
  await page.reload();
  await page.getByRole("button", { name: "Plan the waves" }).click();
  const plan = page.getByRole("dialog", { name: "Plan the waves" });
  for (const code of pilot) await plan.getByLabel(`Wave of ${code}`).selectOption({ label: "Pilot" });
  await plan.getByRole("button", { name: "Save the plan" }).click();
  await expect(plan).toBeHidden();

  await page.goto(`${system}/mode`);
  await expect(page.getByText("6 of 6 gates open").first()).toBeVisible({ timeout: 30_000 });
  await page.getByRole("button", { name: "Switch to BMMS mode" }).click();
  await confirmTyped(page, "Switch to BMMS mode?");
  await expect(page.getByRole("heading", { name: "BMMS mode is on", level: 1 })).toBeVisible({ timeout: 60_000 });
  await page.getByRole("button", { name: "Switch back to OBCMS mode" }).click();
  await confirmTyped(page, "Switch back to OBCMS mode?");
  await expect(page.getByRole("heading", { name: "Switch to BMMS mode", level: 1 })).toBeVisible({ timeout: 60_000 });
});

test("one app is undone and the others stay", async ({ open, server }) => {
  const page = await open(administrator, `${system}/rollback`);
  await page.getByRole("radio", { name: "Undo some apps" }).check();
  await page.getByRole("checkbox", { name: /^MANA/ }).check();
  await page.getByRole("button", { name: "Undo MANA…" }).click();
  await confirmTyped(page, "Undo MANA?");
  const record = page.getByRole("region", { name: "Undone: mana" });
  await expect(record.getByText("Rolled back", { exact: true })).toBeVisible({ timeout: 60_000 });
  const left = "SELECT string_agg(DISTINCT split_part(table_name, '_', 1), ' ') FROM information_schema.columns WHERE column_name = 'organization_id' AND table_schema = 'public'";
  const apps = psql(server.database, left).split(" ");
  expect(apps).toContain("communities");
  expect(apps).not.toContain("mana");
});

test("the verified backup is restored into a new database, and the one before is kept until it is released", async ({ open, server }) => {
  const page = await open(administrator, `${system}/rollback`);
  await page.getByRole("radio", { name: "Go back in full" }).check();
  const restore = page.getByRole("button", { name: /^Restore .*…$/ });
  await expect(restore).toBeVisible({ timeout: 60_000 });
  await restore.click();
  await confirmTyped(page, /^Restore .*\?$/);
  const record = page.getByRole("region", { name: /^Restored / });
  await expect(record.getByText("Rolled back", { exact: true })).toBeVisible({ timeout: 120_000 });
  const kept = page.getByRole("region", { name: "Kept from before a restore" });
  await expect(kept.getByText(/obcms_before_restore_/)).toBeVisible();
  await looks(page, "kept");
  const databases = "SELECT count(*) FROM pg_database WHERE datname LIKE 'obcms_before_restore_%'";
  expect(psql(server.database, databases)).toBe("1");
  await kept.getByRole("button", { name: /^Release / }).click();
  await confirmTyped(page, "Release the kept database?");
  await expect(kept).toBeHidden();
  expect(psql(server.database, databases)).toBe("0");
  expect(psql(server.database, "SELECT count(*) FROM information_schema.columns WHERE column_name = 'organization_id' AND table_schema = 'public'")).toBe("0");
});
