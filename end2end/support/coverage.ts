// What the database itself requires of the tables of each app.
import { expect, type Page } from "@playwright/test";
import { command } from "./command.ts";

/** Every row needs an organization in all apps but these. */
export async function expectUndone(page: Page, system: string, ...undone: string[]): Promise<void> {
  const { groups } = (await command(page, "GET", `${system}/coverage`)).body;
  for (const group of groups) {
    for (const model of group.models) expect(model.required, model.table).toBe(!undone.includes(group.name));
  }
}
