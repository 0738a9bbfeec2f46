import type { IncomingMessage } from "node:http";
import type { HandshakeRequest } from "../../core/ports/mod.ts";
import { readTarget } from "../server/mod.ts";
import { addressOf } from "./proxy-front.ts";

/** Headers that must come once. We join several lines, so that the core sees and refuses them. */
const once: ReadonlySet<string> = new Set(["host", "authorization"]);

type Line = readonly [name: string, value: string];

function linesOf(rawHeaders: readonly string[]): Line[] {
  const lines: Line[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    lines.push([rawHeaders[index]!.toLowerCase(), rawHeaders[index + 1]!]);
  }
  return lines;
}

/** A request of `node:http`, as the gateway sees it. */
export class NodejsRequest implements HandshakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly target: string;
  readonly httpVersion: string;
  readonly remoteAddress: string;
  /** To be called when the client leaves while its handshake waits. */
  left: () => void = () => {};
  readonly #message: IncomingMessage;
  /** Read twice for each handshake. */
  #all: readonly Line[] | undefined = undefined;

  constructor(message: IncomingMessage) {
    this.#message = message;
    this.method = message.method ?? "";
    this.target = message.url ?? "/";
    this.httpVersion = message.httpVersion;
    const { path, query } = readTarget(this.target);
    this.path = path;
    this.query = query;
    this.remoteAddress = addressOf(message.socket);
  }

  onLeft(left: () => void): void {
    this.left = left;
  }

  header(name: string): string | undefined {
    if (once.has(name)) return this.#lines(name);
    const value = this.#message.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /** Every line of the header, joined: `node:http` drops all but the first of some headers. */
  #lines(name: string): string | undefined {
    let value: string | undefined;
    for (const [line, text] of this.headers()) {
      if (line === name) value = value === undefined ? text : `${value}, ${text}`;
    }
    return value;
  }

  headers(): readonly Line[] {
    this.#all ??= linesOf(this.#message.rawHeaders);
    return this.#all;
  }
}
