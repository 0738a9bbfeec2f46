import type { ErrorCode } from "../../base/mod.ts";

/** An HTTP request on the client port, as far as the gateway looks at it. */
export interface HandshakeRequest {
  readonly method: string;
  /** Path without the query, as sent (not decoded). */
  readonly path: string;
  /** What stands after the `?`, or an empty string. */
  readonly query: string;
  /** The target as it came, where the runtime shows it: `path` is what a URL makes of it. */
  readonly target?: string | undefined;
  /** Of the request line, such as `1.1`; undefined where the runtime does not tell. */
  readonly httpVersion?: string | undefined;
  /** Value of a header by its lower-case name; several lines are joined by `, `. */
  header(name: string): string | undefined;
  /** Every header, names in lower case. */
  headers(): Iterable<readonly [string, string]>;
  /** The peer's address without a port. */
  readonly remoteAddress: string;
  /** Calls `left` where the client leaves while its answer is awaited; later maybe, too. */
  onLeft?(left: () => void): void;
}

/** An answer that ends the request: nothing is upgraded. */
export interface HandshakeRefusal {
  readonly accepted: false;
  /** Why, where it is a refusal of a bad request. */
  readonly errorCode?: ErrorCode;
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Go on: upgrade, then give the admission to `SocketHandler.open`. */
export interface HandshakeAdmission {
  readonly accepted: true;
  readonly app: string;
  /** The chosen subprotocol; none where undefined. */
  readonly subprotocol: string | undefined;
  /** permessage-deflate was offered and is on, without context takeover on both sides. */
  readonly deflate: boolean;
  /** The map that `open` carries, without what only the upgraded socket knows. */
  readonly info: Readonly<Record<string, unknown>>;
  /** Headers of the 101 answer, besides those of the WebSocket protocol itself. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The gateway's own, to be handed back with the admission to `open` or `abandon`. */
  readonly reservation?: object | undefined;
}

export type HandshakeAnswer = HandshakeAdmission | HandshakeRefusal;
