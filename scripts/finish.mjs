// Trunk's post_build hook, in release only: splits the console into a first load and parts that are fetched later,
// compresses every text and wasm file, and fails the build when the first load is over its budget.
import { compress } from "./finish/compress.mjs";
import { split } from "./finish/split.mjs";
import { weigh } from "./finish/weigh.mjs";

if (process.env.TRUNK_PROFILE === "release") {
  const dir = process.env.TRUNK_STAGING_DIR;
  split(dir);
  compress(dir);
  weigh(dir);
}
