// first-load.mjs URL: opens the console several times with a cold cache, and prints how long it takes from the
// request to a page that can be used (its heading shown, its form answering), as JSON in milliseconds.
import { chromium } from "@playwright/test";

const url = process.argv[2];
const times = [];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? (process.platform === "linux" ? "/usr/bin/chromium" : undefined),
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
let bytes = 0;
for (let round = 0; round < 6; round++) {
  const context = await browser.newContext(); // a new context starts with an empty cache
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  bytes = 0;
  session.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  const started = performance.now();
  await page.goto(url, { waitUntil: "commit" });
  await page.locator("h1").first().waitFor();
  await page.locator("main :is(input, button, a[href])").first().waitFor();
  times.push(performance.now() - started);
  await page.waitForLoadState("networkidle");
  await context.close();
}
await browser.close();
times.shift(); // the first round also starts the browser's own processes
times.sort((one, other) => one - other);
console.log(JSON.stringify({ median_ms: times[Math.floor(times.length / 2)], longest_ms: times.at(-1), bytes }));
