// Commands sent as the page itself would send them: for what another step of the same spec already did by hand.
import type { Page } from "@playwright/test";

/** What the server answers to a command of the person signed in on this page. */
export async function command(page: Page, method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
  return await page.evaluate(
    async ([method, path, body]) => {
      const answer = await fetch(`/api/v1${path}`, {
        method,
        headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
        body: body === null ? undefined : body,
      });
      const text = await answer.text();
      return { status: answer.status, body: text ? JSON.parse(text) : null };
    },
    [method, path, body === undefined ? null : JSON.stringify(body)] as const,
  );
}
