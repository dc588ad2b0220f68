// Other programs beside the console, by PostgreSQL's own clients: who holds a lock, who waits for it, who follows the server.
import { type ChildProcess, type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";

/** A session that stays open until it is closed, under the name of a program. */
export class Session {
  readonly #psql: ChildProcessWithoutNullStreams;
  #said = "";

  constructor(
    address: string,
    readonly name: string,
  ) {
    this.#psql = spawn("psql", ["-XqAt", "-v", "ON_ERROR_STOP=1", address], { env: { ...process.env, PGAPPNAME: name } });
    this.#psql.stdout.on("data", (chunk: Buffer) => (this.#said += chunk));
    this.#psql.stderr.on("data", (chunk: Buffer) => (this.#said += chunk));
  }

  /** Sends statements and does not wait for them. */
  send(sql: string): void {
    this.#psql.stdin.write(`${sql}\n`);
  }

  /** The number of its process on the server, once all that was sent is carried out. */
  async process(): Promise<number> {
    this.send("SELECT 'process ' || pg_backend_pid();");
    for (let tries = 0; tries < 200; tries++) {
      const number = this.#said.match(/process (\d+)/)?.[1];
      if (number) return Number(number);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${this.name} did not answer: ${this.#said}`);
  }

  /** Ends it, and with it its transaction. */
  close(): void {
    this.#psql.stdin.end();
    this.#psql.kill();
  }
}

/** What one statement answers. */
export function psql(address: string, sql: string): string {
  return execFileSync("psql", ["-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql, address]).toString().trim();
}

/** Follows the server's log under a name, into a directory that it makes, until it is killed. */
export function follow(address: string, name: string, directory: string): ChildProcess {
  mkdirSync(directory);
  return spawn("pg_receivewal", ["-d", address, "-D", directory, "--no-sync", "--no-loop"], { stdio: "ignore", env: { ...process.env, PGAPPNAME: name } });
}
