// What Switchyard talks to from outside: a mail server and a receiver of webhooks, both on real sockets.
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";

/** A mail as it came. */
export interface Mail {
  to: string;
  text: string;
}

/** Value of a header of a mail, unfolded. */
export function header(mail: Mail, name: string): string | undefined {
  const head = mail.text.split("\r\n\r\n")[0].replaceAll("\r\n ", " ");
  const line = head.split("\r\n").find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `));
  return line?.slice(name.length + 2);
}

/** Path of the first address of this kind in a mail, such as `/subscription/confirm/`. */
export function path(mail: Mail, kind: string): string {
  const text = mail.text.replaceAll("=\r\n", "").replaceAll("=3D", "=");
  const found = text.match(new RegExp(`${kind}[\\w-]+`))?.[0];
  if (!found) throw new Error(`no ${kind} in ${text}`);
  return found;
}

/** A mail server that takes everything. */
export class Mailbox {
  readonly mails: Mail[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((socket) => {
      let rest = "";
      let to = "";
      let text: string[] | undefined;
      const say = (line: string) => socket.write(`${line}\r\n`);
      const hear = (line: string) => {
        if (text) {
          if (line !== ".") return void text.push(line.replace(/^\./, ""));
          this.mails.push({ to, text: text.join("\r\n") });
          text = undefined;
          return void say("250 taken");
        }
        const command = line.slice(0, 4).toUpperCase();
        if (command === "RCPT") to = line.match(/<(.*?)>/)?.[1] ?? "";
        if (command === "DATA") {
          text = [];
          return void say("354 go on");
        }
        if (command === "QUIT") return void socket.end("221 bye\r\n");
        say(command === "EHLO" ? "250-sink\r\n250 8BITMIME" : "250 ok");
      };
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        const lines = (rest + chunk.toString()).split("\r\n");
        rest = lines.pop() ?? "";
        lines.forEach(hear);
      });
      say("220 sink");
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  stop(): void {
    this.#server.close();
  }

  /** Mails to somebody, oldest first. */
  to(address: string): Mail[] {
    return this.mails.filter((mail) => mail.to === address);
  }
}

/** A call as it came. */
export interface Call {
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A receiver of webhooks that answers as it is told. */
export class Receiver {
  readonly calls: Call[] = [];
  status = 204;
  readonly #server = createHttpServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      this.calls.push({ headers: request.headers, body });
      response.writeHead(this.status).end();
    });
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
