// Watches a page for what must never happen: a script error, a violated content security policy, a request to
// somebody else, a start without a key that makes it the same when it is asked again, an answer that says the server broke.
import { readFileSync } from "node:fs";
import { expect, type Page } from "@playwright/test";

const { paths } = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8"));

/** Commands that take a key, as the document of the API names them. */
const keyed = Object.entries<any>(paths)
  .filter(([, path]) => path.post?.parameters?.some((parameter: { name: string }) => parameter.name === "Idempotency-Key"))
  .map(([path]) => new RegExp(`^/api/v1${path.replace(/\{\w+\}/g, "[^/]+")}$`));

/** Whether it only asks what a command would do. */
function isPreview(body: string | null): boolean {
  return !!body && JSON.parse(body)?.preview === true;
}

export class Watch {
  readonly #wrong: string[] = [];
  #lost = false;

  constructor(page: Page, origin: string) {
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      const text = message.text();
      // the browser's own line for a refusal that the page shows in its own words
      if (/Failed to load resource: the server responded with a status of 4\d\d/.test(text)) return;
      if (this.#lost && /net::ERR_|EventSource|Failed to fetch/.test(text)) return;
      this.#wrong.push(`console: ${text}`);
    });
    page.on("pageerror", (error) => this.#wrong.push(`script: ${error.message}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.origin !== origin && !["data:", "blob:"].includes(url.protocol)) {
        this.#wrong.push(`request to ${url.origin}`);
      }
      // pressed again because the answer was lost, these must not start anything twice
      const starts = keyed.some((path) => path.test(url.pathname)) && !isPreview(request.postData());
      if (request.method() === "POST" && starts && !request.headers()["idempotency-key"]) {
        this.#wrong.push(`no idempotency key on ${url.pathname}`);
      }
    });
    page.on("response", (response) => {
      if (response.status() >= 500 && !this.#lost) this.#wrong.push(`${response.status()} of ${response.url()}`);
    });
  }

  /** From here on the server is stopped on purpose: lost connections are not mistakes. */
  connectionWillBeLost(): void {
    this.#lost = true;
  }

  check(): void {
    expect(this.#wrong, "nothing went wrong behind the page").toEqual([]);
  }
}
