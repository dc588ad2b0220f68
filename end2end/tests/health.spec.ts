// The charts of the health page, from an answer of the server that was filled in with what weeks would bring.
import { expect, expectAccessible, expectNoSidewaysScroll, test } from "../support/fixtures.ts";
import { administrator } from "../support/people.ts";

test.use({ house: "public" });

const minutes = 60;

test("errors are drawn, with the usual range, runs and switches on the time axis, and the numbers as a table", async ({ open }) => {
  const page = await open(administrator, "/systems/obcms");
  await page.route(/\/api\/v1\/systems\/obcms\/health\?/, async (route) => {
    const answer = await route.fetch();
    const view = await answer.json();
    const to = Date.parse(view.to);
    const at = (minute: number) => new Date(to - (minutes - minute) * 60_000).toISOString();
    view.from = at(0);
    view.not_measured = null;
    view.limits.interval_seconds = 60;
    view.points = Array.from({ length: minutes }, (_, minute) => ({
      at: at(minute),
      response_ms: 60 + (minute % 7),
      response_max_ms: 90,
      database_ms: 3,
      samples: 2,
      bad: minute === 30 ? 1 : 0,
      errors: minute === 30 ? 3 : minute === 40 ? 1 : 0,
    }));
    view.baselines = [
      { id: 1, name: "Before release 2.1", by: "amina", at: at(0), samples: 40, p10_ms: 55, p50_ms: 62, p90_ms: 80, bad_percent: 5 },
    ];
    view.marks = [
      { at: at(10), until: at(20), title: "Run 3" },
      { at: at(45), until: at(46), title: "Mode switch" },
    ];
    await route.fulfill({ response: answer, json: view });
  });
  await page.goto("/systems/obcms/health");
  const answers = page.getByRole("region", { name: "Time to answer" });
  const bad = page.getByRole("region", { name: "Bad samples" });
  const errors = page.getByRole("region", { name: "Errors", exact: true });
  await expect(errors.getByText("The application counted 4 errors in this range.").first()).toBeVisible();
  await expect(answers.getByText("Usual: 55 to 80 ms")).toBeVisible();
  await expect(bad.getByText("Usual: up to 5.0%")).toBeVisible();
  for (const chart of [answers, bad, errors]) {
    await expect(chart.locator("path.line")).toHaveAttribute("d", /^M[\d.]+ [\d.]+L/);
    await expect(chart.getByText("Run 3")).toBeVisible();
    await expect(chart.getByText("Mode switch")).toBeVisible();
    await expect(chart.locator("path.mark")).toHaveCount(2);
    await chart.getByText("Show as table").click();
    await expect(chart.getByRole("columnheader", { name: "Time" })).toBeVisible();
    expect(await chart.getByRole("row").count()).toBeGreaterThan(5);
  }
  for (const chart of [answers, bad]) await expect(chart.locator("rect.band")).toHaveCount(1);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await expectNoSidewaysScroll(page);
});
