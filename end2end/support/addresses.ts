// Every page of the console by its address, as the console's own routes name them (`app/src/route.rs` writes the list).
import { readFileSync } from "node:fs";

/** Addresses with `{system}`, `{run}` and such for what they name. */
export const addresses: string[] = JSON.parse(readFileSync(new URL("addresses.json", import.meta.url), "utf8"));

const named: Record<string, string> = { system: "obcms", run: "1", report: "1", organization: "OOBC", model: "PPA" };

/** The address of a page of the sample system. A name that is new has to be given a value first. */
export function addressOf(pattern: string): string {
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = named[name];
    if (!value) throw new Error(`no value for {${name}} of ${pattern}`);
    return value;
  });
}
