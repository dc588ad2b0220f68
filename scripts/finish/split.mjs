// Splits the console's wasm at the functions marked `wasm_split` (app/src/pages/part.rs). Trunk knows no such thing, so
// what it made of the program is made again: split, bound, optimised, and put into a directory whose name has the hash
// of its content. index.html is changed to name it.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import { shortenImports } from "./shorten.mjs";

const { buildSync } = createRequire(new URL("../../end2end/package.json", import.meta.url))("esbuild");

// what rustc assumes of wasm32-unknown-unknown: every browser has had it since 2024, and nothing newer is wanted
const FEATURES = [
  "bulk-memory",
  "bulk-memory-opt",
  "call-indirect-overlong",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
].map((feature) => `--enable-${feature}`);

export function split(dir) {
  const work = mkdtempSync(join(tmpdir(), "switchyard-split-"));
  try {
    const parts = join(work, "parts");
    const bound = join(work, "bound");
    mkdirSync(parts);
    run("wasm-split-cli", [program(), parts, "--target", "web", "--out-name", "app"]);
    // what the linker exports (stack pointer, table, memory) is what the parts import
    run("wasm-bindgen", ["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-dir", bound, "--out-name", "app", join(parts, "app.wasm")]);
    rmSync(join(parts, "app.wasm"));
    cpSync(parts, bound, { recursive: true });
    for (const name of readdirSync(bound).filter((name) => name.endsWith(".wasm"))) {
      run("wasm-opt", ["-Oz", ...FEATURES, join(bound, name), "-o", join(bound, name)]);
    }
    shortenImports(join(bound, "app.js"), join(bound, "app_bg.wasm"));
    minify(join(bound, "app.js"));
    replace(dir, bound);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Leaves of a script what the page calls: wasm-bindgen also writes classes that no page uses, and comments. */
function minify(script) {
  buildSync({
    stdin: { contents: `export { initSync, default } from ${JSON.stringify(script)}`, resolveDir: "/" },
    bundle: true,
    external: ["./__wasm_split.js"],
    format: "esm",
    target: "es2022",
    minify: true,
    logLevel: "error",
    allowOverwrite: true,
    outfile: script,
  });
}

/** Where cargo put the program that trunk built. */
function program() {
  const metadata = run("cargo", ["metadata", "--no-deps", "--offline", "--format-version", "1"]);
  return join(JSON.parse(metadata).target_directory, "wasm32-unknown-unknown", "wasm-release", "app.wasm");
}

function run(command, parameters) {
  return execFileSync(command, parameters, { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] });
}

/** Puts the new files in the place of trunk's. */
function replace(dir, bound) {
  const hash = createHash("sha256");
  for (const name of readdirSync(bound, { recursive: true }).sort()) {
    const path = join(bound, name);
    if (/\.(js|wasm)$/.test(name)) hash.update(name).update(readFileSync(path));
  }
  const home = `console-${hash.digest("hex").slice(0, 16)}`;
  cpSync(bound, join(dir, home), { recursive: true });

  const page = join(dir, "index.html");
  let html = readFileSync(page, "utf8");
  for (const [pattern, name] of [[/^app-[0-9a-f]{12,16}\.js$/, "app.js"], [/^app-[0-9a-f]{12,16}_bg\.wasm$/, "app_bg.wasm"]]) {
    const old = readdirSync(dir).find((name) => pattern.test(name));
    if (!old || !html.includes(old)) throw new Error(`split: index.html names no file like ${pattern}`);
    html = html
      .split(/(?=<)/)
      .map((tag) => (tag.includes(old) ? tag.replace(/sha384-[\w+/=]+/, integrity(join(dir, home, name))) : tag))
      .join("")
      .replaceAll(old, `${home}/${name}`);
    rmSync(join(dir, old));
  }
  if (existsSync(join(dir, "snippets"))) rmSync(join(dir, "snippets"), { recursive: true });
  writeFileSync(page, html);
}

function integrity(path) {
  return `sha384-${createHash("sha384").update(readFileSync(path)).digest("base64")}`;
}
