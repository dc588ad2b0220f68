// Pictures of every page: light, dark and 390 px wide, into screenshots/. Run by `make screens`, not by `make test`.
import { test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";

test.use({ house: "screens" });

const system = "/systems/obcms";
const pages: Record<string, string> = {
  systems: "/systems",
  overview: system,
  plan: `${system}/runs/new`,
  runs: `${system}/runs`,
  coverage: `${system}/coverage`,
  checklist: `${system}/checklist`,
  organizations: `${system}/organizations`,
  "organizations-board": `${system}/organizations?view=board`,
  "organizations-import": `${system}/organizations/import`,
  data: `${system}/data`,
  "all-organizations": `${system}/all`,
  mode: `${system}/mode`,
  rollback: `${system}/rollback`,
  reports: `${system}/reports`,
  notices: `${system}/notices`,
  told: `${system}/told`,
  health: `${system}/health`,
  "system-audit": `${system}/audit`,
  audit: "/audit",
  users: "/users",
  account: "/account",
};

const looks = [
  { name: "light", colorScheme: "light", viewport: { width: 1440, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1440, height: 900 } },
  { name: "390", colorScheme: "light", viewport: { width: 390, height: 844 } },
] as const;

test("a picture of every page", async ({ open }) => {
  test.setTimeout(600_000);
  const page = await open(administrator, "/systems");
  for (const [name, path] of Object.entries(pages)) {
    for (const look of looks) {
      await page.emulateMedia({ colorScheme: look.colorScheme });
      await page.setViewportSize(look.viewport);
      await page.goto(path);
      await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
      await page.waitForTimeout(300); // let the transitions of 220 ms end
      await page.screenshot({ path: `screenshots/${name}-${look.name}.png`, fullPage: true, animations: "disabled" });
    }
  }
});
