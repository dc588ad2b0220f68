// The server under test: `switchyard demo` on a free port, with data of its own in a temporary directory.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const binary = resolve(process.env.SWITCHYARD ?? "../target/debug/switchyard");

export class Console {
  readonly data: string;
  readonly output: string[] = [];
  #process: ChildProcess | undefined;
  #port = 0;
  #settings = "";

  /**
   * `mailPort` is the port of a mail server; without one nobody can be told by mail. With `postgres` the sample is on a
   * private PostgreSQL server beside its data.
   */
  constructor(
    name: string,
    readonly mailPort?: number,
    readonly postgres = false,
  ) {
    this.data = mkdtempSync(join(tmpdir(), `switchyard-${name}-`));
    // where the tests are root's the server runs as somebody else, who has to reach its directory
    if (postgres) chmodSync(this.data, 0o755);
  }

  /** The address of the sample's database on that server, for programs beside the console. */
  get database(): string {
    return `postgres:///obcms?host=${realpathSync(join(this.data, "obcms-postgres"))}&user=postgres`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it anew with these settings beside the defaults, as TOML. */
  async restartWith(settings: string): Promise<void> {
    await this.stop();
    this.#settings = settings;
    await this.start();
  }

  /** Starts it, or starts it again on the same port with the same data. Answers when it is ready. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    const configuration = join(this.data, "switchyard.toml");
    writeFileSync(configuration, this.#mail() + this.#settings);
    const places = ["--config", configuration, "--data", this.data];
    const where = this.postgres ? ["--postgres", "--short-texts"] : [];
    const child = spawn(binary, ["demo", "--listen", `127.0.0.1:${this.#port}`, "--app-listen", "127.0.0.1:0", ...places, ...where], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    this.#process = child;
    const keep = (chunk: Buffer) => this.output.push(chunk.toString());
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const deadline = Date.now() + 120_000;
    while (Date.now() < deadline) {
      if (child.exitCode !== null) throw new Error(`switchyard ended with ${child.exitCode}:\n${this.output.join("")}`);
      if (await answers(`${this.url}/readyz`)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`switchyard is not ready after 120 s:\n${this.output.join("")}`);
  }

  #mail(): string {
    if (!this.mailPort) return "";
    return [
      `public_address = "${this.url}"`,
      "[outgoing]",
      'allow = ["127.0.0.1"]',
      "[mail]",
      'server = "127.0.0.1"',
      `port = ${this.mailPort}`,
      'encryption = "none"',
      'from = "OBCMS status <status@example.org>"',
      "",
    ].join("\n");
  }

  /** The one-time link printed at the first start. */
  async firstLink(): Promise<string> {
    const pattern = /https?:\/\/\S+\/welcome\/[\w-]+/;
    for (let tries = 0; tries < 600; tries++) {
      const link = this.output.join("").match(pattern)?.[0];
      if (link) return new URL(new URL(link).pathname, this.url).href;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`no one-time link was printed:\n${this.output.join("")}`);
  }

  /** Stops it the polite way, or as a power cut would. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
    await ended;
    clearTimeout(late);
  }

  /** Stops it and removes its data. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}
