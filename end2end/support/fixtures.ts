// What every spec starts from: a running console, people who sign in, a watch on every page, and axe.
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, type BrowserContext, expect, type Page } from "@playwright/test";
import { Console } from "./console.ts";
import { acceptFirstLink, invite } from "./accounts.ts";
import { administrator, type Person } from "./people.ts";
import { Mailbox } from "./receivers.ts";
import { Watch } from "./watch.ts";

type State = Awaited<ReturnType<BrowserContext["storageState"]>>;

interface Scene {
  /** Opens a page in a browser of its own, signed in as this person or as nobody. */
  open: (person: Person | null, path: string) => Promise<Page>;
}

interface House {
  /** Specs that name the same house share one server and its data, in the order of their files. */
  house: string;
  /** Whether the server has a mail server and may call receivers on this machine. */
  outgoing: boolean;
  /** Whether the sample is on a PostgreSQL server of its own. */
  postgres: boolean;
  /** The mail server. */
  mailbox: Mailbox;
  /** The server under test. */
  server: Console;
  /** Cookies of each person who has signed in so far, by name. */
  sessions: Map<string, State>;
}

const watches = new WeakMap<Page, Watch>();

/** The watch on a page that `open` opened. */
export function watchOf(page: Page): Watch {
  const watch = watches.get(page);
  if (!watch) throw new Error("this page was not opened by `open`");
  return watch;
}

/** No violation of WCAG 2.2 AA, nor of axe's best practices, on the page as it stands once it has its heading. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  await page.evaluate(() => scrollTo(0, 0)); // a button half under the sticky bar is no small target
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.map((node) => node.html).join("\n    ")}`);
  expect(found, `axe on ${new URL(page.url()).pathname}`).toEqual([]);
}

/** Nothing sticks out at the side: the page itself never scrolls sideways. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide, "pixels that the page is too wide").toBeLessThanOrEqual(0);
}

export const test = base.extend<Scene, House>({
  house: ["shared", { scope: "worker", option: true }],

  outgoing: [false, { scope: "worker", option: true }],

  postgres: [false, { scope: "worker", option: true }],

  mailbox: [
    async ({ house: _ }, use) => {
      const mailbox = new Mailbox();
      await mailbox.start();
      await use(mailbox);
      mailbox.stop();
    },
    { scope: "worker" },
  ],

  server: [
    async ({ house, outgoing, postgres, mailbox }, use) => {
      const server = new Console(house, outgoing ? mailbox.port : undefined, postgres);
      await server.start();
      await use(server);
      await server.remove();
    },
    { scope: "worker", timeout: 180_000 },
  ],

  sessions: [async ({ house: _ }, use) => use(new Map()), { scope: "worker" }],

  open: async ({ browser, server, sessions }, use, info) => {
    const opened: BrowserContext[] = [];
    const watched: Watch[] = [];

    const enter = async (state: State | undefined) => {
      const context = await browser.newContext({ baseURL: server.url, storageState: state });
      opened.push(context);
      const page = await context.newPage();
      const watch = new Watch(page, server.url);
      watches.set(page, watch);
      watched.push(watch);
      return page;
    };

    const stateOf = async (person: Person): Promise<State> => {
      const known = sessions.get(person.username);
      if (known) return known;
      const page = await enter(person === administrator ? undefined : await stateOf(administrator));
      if (person === administrator) await acceptFirstLink(page, await server.firstLink(), person);
      else await invite(page, person);
      const state = await page.context().storageState();
      sessions.set(person.username, state);
      return state;
    };

    await use(async (person, path) => {
      const page = await enter(person ? await stateOf(person) : undefined);
      await page.goto(path);
      return page;
    });

    if (info.status === info.expectedStatus) for (const watch of watched) watch.check();
    for (const context of opened) await context.close();
  },
});

export { expect };
