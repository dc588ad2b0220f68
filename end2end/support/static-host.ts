// `dist/` on a host that knows nothing of Switchyard: files, one page for every address without a file, and `/api` passed on.
import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, resolve } from "node:path";

const dist = resolve("../dist");

const types: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

/** Files of `dist/` whose name holds the hash of their content. */
export function hashedNames(): string[] {
  return readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => /-[0-9a-f]{12,}[./]/.test(name) && !name.endsWith(".br"));
}

export class StaticHost {
  /** Paths of the files that were given out. */
  readonly served: string[] = [];
  readonly #server: Server;

  constructor(console: string) {
    this.#server = createServer((asked, answer) => {
      const path = new URL(asked.url ?? "/", "http://host").pathname;
      if (path.startsWith("/api/")) {
        const passed = request(new URL(asked.url ?? "/", console), { method: asked.method, headers: asked.headers }, (given) => {
          answer.writeHead(given.statusCode ?? 502, given.headers);
          given.pipe(answer);
        });
        passed.on("error", () => answer.destroy());
        answer.on("close", () => passed.destroy());
        return void asked.pipe(passed);
      }
      const named = join(dist, normalize(path));
      const file = existsSync(named) && statSync(named).isFile() ? named : join(dist, "index.html");
      if (file === named) this.served.push(path.slice(1));
      answer.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" });
      createReadStream(file).pipe(answer);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
