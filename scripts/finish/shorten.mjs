// Gives what the wasm imports from its script short names. wasm-bindgen's carry a hash each, which no compressor can make
// smaller: 2 % of the first load.
import { readFileSync, writeFileSync } from "node:fs";

const LONG = /\b__wbg_\w+_[0-9a-f]{16}\b/g;
const IMPORTS = 2; // id of the section

export function shortenImports(script, program) {
  const text = readFileSync(script, "utf8");
  const names = new Map();
  for (const [name] of text.matchAll(LONG)) if (!names.has(name)) names.set(name, `w${names.size.toString(36)}`);
  const { wasm, found } = renameImports(readFileSync(program), names);
  const missing = [...names.keys()].filter((name) => !found.has(name));
  if (missing.length) throw new Error(`shorten: the wasm does not import ${missing.slice(0, 3).join(", ")}`);
  writeFileSync(script, text.replace(LONG, (name) => names.get(name)));
  writeFileSync(program, wasm);
}

function renameImports(wasm, names) {
  const found = new Set();
  for (let at = 8; at < wasm.length; ) {
    const [size, body] = leb(wasm, at + 1);
    if (wasm[at] === IMPORTS) {
      const section = rewrite(wasm.subarray(body, body + size), names, found);
      const parts = [wasm.subarray(0, at + 1), encode(section.length), section, wasm.subarray(body + size)];
      return { wasm: Buffer.concat(parts), found };
    }
    at = body + size;
  }
  throw new Error("shorten: the wasm has no imports");
}

/** Each import is a module, a name and a description; only names that are ours to give are changed. */
function rewrite(section, names, found) {
  const out = [];
  let [count, at] = leb(section, 0);
  out.push(encode(count));
  for (; count > 0; count--) {
    const module = string(section, at);
    const name = string(section, module.end);
    const end = description(section, name.end);
    const short = names.get(name.text);
    if (short) found.add(name.text);
    out.push(section.subarray(at, module.end), named(short ?? name.text), section.subarray(name.end, end));
    at = end;
  }
  return Buffer.concat(out);
}

/** Where the description that starts here ends: a function's type, or a table, memory, global or tag. */
function description(bytes, at) {
  const kind = bytes[at++];
  const number = () => ([, at] = leb(bytes, at));
  const limits = () => {
    const [flags, next] = leb(bytes, at);
    at = next;
    number();
    if (flags & 1) number();
  };
  if (kind === 0) number();
  else if (kind === 1) (at++, limits());
  else if (kind === 2) limits();
  else if (kind === 3) at += 2;
  else throw new Error(`shorten: an import of kind ${kind} is not known`);
  return at;
}

function string(bytes, at) {
  const [size, start] = leb(bytes, at);
  return { text: bytes.toString("utf8", start, start + size), end: start + size };
}

function named(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([encode(bytes.length), bytes]);
}

function leb(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
}

function encode(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  bytes.push(value);
  return Buffer.from(bytes);
}
