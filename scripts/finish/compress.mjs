// Writes FILE.br (quality 11) beside each text and wasm file, where that is smaller.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

export function compress(dir) {
  for (const name of readdirSync(dir, { recursive: true })) {
    if (!/\.(wasm|js|css|html|svg|txt|json|webmanifest)$/.test(name)) continue;
    const raw = readFileSync(join(dir, name));
    const packed = brotliCompressSync(raw, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_LGWIN]: 22,
        [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
      },
    });
    if (packed.length < raw.length) writeFileSync(join(dir, `${name}.br`), packed);
  }
}
