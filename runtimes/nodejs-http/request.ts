import type { IncomingMessage } from "node:http";
import type { HandshakeRequest } from "../../core/ports/mod.ts";
import { readTarget } from "../request-target.ts";
import { addressOf } from "./proxy-front.ts";

/** A request of `node:http`, as the gateway looks at it. */
export class NodejsRequest implements HandshakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly remoteAddress: string;
  private readonly message: IncomingMessage;

  constructor(message: IncomingMessage) {
    this.message = message;
    this.method = message.method ?? "";
    const { path, query } = readTarget(message.url ?? "/");
    this.path = path;
    this.query = query;
    this.remoteAddress = addressOf(message.socket);
  }

  header(name: string): string | undefined {
    const value = this.message.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  *headers(): Iterable<readonly [string, string]> {
    const { rawHeaders } = this.message;
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      yield [rawHeaders[index]!.toLowerCase(), rawHeaders[index + 1]!];
    }
  }
}
