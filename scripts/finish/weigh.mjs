// Adds up the console's first load over the wire, and fails above the budget.
// First load: index.html, every script, style sheet, wasm and font that it or a style sheet names, and the icons that
// every page shows. The parts are listed beside it: they are fetched when the first page stands.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const BUDGET = 300_000; // bytes

export function weigh(dir) {
  const all = readdirSync(dir, { recursive: true }).map((name) => name.replaceAll("\\", "/"));
  const first = new Set(["index.html", ...all.filter((name) => /^[^/]+\.svg$/.test(name))]);
  const page = readFileSync(join(dir, "index.html"), "utf8");
  for (const [, name] of page.matchAll(/["'(=]\/?([\w./-]+\.(?:css|js|wasm|woff2))(?=["')\s>])/g)) {
    if (all.includes(name)) first.add(name);
  }
  for (const name of first) {
    const text = /\.(css|js)$/.test(name) ? readFileSync(join(dir, name), "utf8") : "";
    for (const [, url] of text.matchAll(/(?:url\(["']?|from ["'])([^"')]+\.(?:woff2|js))/g)) {
      const named = join(url.startsWith("/") ? "." : dirname(name), url).replaceAll("\\", "/");
      if (all.includes(named)) first.add(named);
    }
  }
  const total = list(dir, [...first]);
  console.log(`    first load ${total} B of ${BUDGET} B (${((100 * total) / BUDGET).toFixed(0)} %); fetched later:`);
  const later = all.filter((name) => name.endsWith(".wasm") && !first.has(name));
  list(dir, later);
  if (![...first].some((name) => name.endsWith(".wasm"))) {
    throw new Error("weigh: index.html names no wasm file, so the first load could not be checked");
  }
  if (total > BUDGET) throw new Error(`weigh: the first load is ${total - BUDGET} B over its budget of ${BUDGET} B`);
}

function list(dir, names) {
  let total = 0;
  for (const name of names) {
    const raw = statSync(join(dir, name)).size;
    const packed = join(dir, `${name}.br`);
    const sent = existsSync(packed) ? statSync(packed).size : raw;
    total += sent;
    console.log(`    ${name.padEnd(46)} ${String(raw).padStart(9)} B   over the wire ${String(sent).padStart(7)} B`);
  }
  return total;
}
