import type { HandshakeRequest } from "../../core/ports/mod.ts";
import type { HeaderLine, RequestHead } from "../../core/websocket/mod.ts";
import { readTarget } from "../server/mod.ts";

/** A request whose head was read, as the gateway sees it. */
export class HeadRequest implements HandshakeRequest {
  readonly path: string;
  readonly query: string;
  readonly remoteAddress: string;
  /** To be called when the client leaves while its handshake waits. */
  left: () => void = () => {};
  readonly #head: RequestHead;

  constructor(head: RequestHead, remoteAddress: string) {
    this.#head = head;
    this.remoteAddress = remoteAddress;
    const { path, query } = readTarget(head.target);
    this.path = path;
    this.query = query;
  }

  get method(): string {
    return this.#head.method;
  }

  get target(): string {
    return this.#head.target;
  }

  get httpVersion(): string {
    return this.#head.httpVersion;
  }

  /** Whether it asks for an upgrade at all (RFC 9110, 7.8). */
  get asksUpgrade(): boolean {
    return (
      this.header("upgrade") !== undefined && /upgrade/i.test(this.header("connection") ?? "")
    );
  }

  onLeft(left: () => void): void {
    this.left = left;
  }

  header(name: string): string | undefined {
    let value: string | undefined;
    for (const [line, text] of this.#head.lines) {
      if (line === name) value = value === undefined ? text : `${value}, ${text}`;
    }
    return value;
  }

  headers(): readonly HeaderLine[] {
    return this.#head.lines;
  }
}
