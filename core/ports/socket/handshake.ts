import type { ErrorCode } from "../../base/mod.ts";
import type { Span } from "../tracing/mod.ts";

/** An HTTP request on the client port, as far as the gateway reads it (RFC 9112, 3). */
export interface HandshakeRequest {
  readonly method: string;
  /** The path without the query, as it was sent: not decoded. */
  readonly path: string;
  /** What follows the `?`; may be empty. */
  readonly query: string;
  /** The target as it was sent if the runtime shows it. `path` was normalised then. */
  readonly target?: string | undefined;
  /** HTTP version, such as `1.1`; undefined if the runtime does not show it. */
  readonly httpVersion?: string | undefined;
  /** The value of a header by its name in lower case; several lines are joined by `, `. */
  header(name: string): string | undefined;
  /** All headers, with names in lower case. */
  headers(): Iterable<readonly [string, string]>;
  /** The peer's IP address, without a port. */
  readonly remoteAddress: string;
  /** Calls `left` when the client leaves before it has its answer. It may be called later too. */
  onLeft?(left: () => void): void;
}

/** Answers the request, and does not upgrade it. */
export interface HandshakeRefusal {
  readonly accepted: false;
  /** Why, if the request itself is refused. */
  readonly errorCode?: ErrorCode;
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** What is known of a stream that was refused before it brought a whole request. */
export interface RefusedStream {
  readonly code: ErrorCode;
  /** The client's, from the PROXY header where one came; undefined where no runtime tells it. */
  readonly address?: string | undefined;
  /** Status of the answer, if the client gets one. */
  readonly status?: number | undefined;
  /** Path of the request line without its query, if a whole line came. */
  readonly path?: string | undefined;
}

/** Accepts the handshake. The runtime upgrades it, and passes this on to `SocketHandler.open`. */
export interface HandshakeAdmission {
  readonly accepted: true;
  readonly app: string;
  /** The subprotocol chosen; undefined for none. */
  readonly subprotocol: string | undefined;
  /** permessage-deflate is on, without context takeover on either side (RFC 7692, 7.1.1). */
  readonly deflate: boolean;
  /** The map that the event `open` will carry, without `at`. */
  readonly info: Readonly<Record<string, unknown>>;
  /** Headers of the 101 answer, besides those of the WebSocket protocol. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The place that the gateway keeps for this connection; opaque to the runtime. */
  readonly reservation?: object | undefined;
  /** The span of this handshake, if it is traced; it ends when the connection opens. */
  readonly span?: Span | undefined;
}

export type HandshakeAnswer = HandshakeAdmission | HandshakeRefusal;
