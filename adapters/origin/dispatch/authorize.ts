import { ServiceError } from "../../../core/base/mod.ts";

/** A client's handshake, as the gateway saw it. */
export interface AuthorizeRequest {
  /** The id that the connection will have. */
  readonly id: string;
  readonly path: string;
  /** Of the request's URL, without the `?`. */
  readonly query: string;
  /** Those that the gateway's setting `headers` names, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Those that the gateway's setting `cookies` names. */
  readonly cookies: Readonly<Record<string, string>>;
  /** The client's address, without port. */
  readonly ip: string;
  /** Offered by the client. */
  readonly subprotocols: readonly string[];
  /** Values of the parameters in the route's pattern. */
  readonly params: Readonly<Record<string, string>>;
  /** When it came, in milliseconds since the epoch; the connection's info will say the same. */
  readonly at?: number;
  /** The span of this decision, as a `traceparent`, if the gateway traces the handshake. */
  readonly trace?: string;
  /** How long the gateway waits for the answer; then the client gets 504. */
  readonly timeoutMs: number;
  /** Aborts when the gateway no longer waits, or the origin closes. */
  readonly signal: AbortSignal;
}

/** What an accepted connection gets. Where it is malformed, the code is `handshake-grant`. */
export interface Grant<State = unknown, User extends string = string> {
  /** Its name; the connection is then in the group of that user. */
  readonly user?: User | undefined;
  /** Groups that it joins, by name. */
  readonly groups?: Iterable<string> | undefined;
  /** A value that comes back with each message; up to 4,096 bytes of MessagePack. */
  readonly state?: State | undefined;
  /** One of those that the client offered. */
  readonly subprotocol?: string | undefined;
  /** Further headers of the HTTP answer. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** When the connection is closed with 4401, unless it is renewed; in ms since the epoch. */
  readonly expires?: Date | number | undefined;
}

/** An HTTP answer in place of a connection; made by `reject`. */
export class Rejection {
  readonly statusCode: number;
  readonly body: string | Uint8Array;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(
    statusCode: number,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>> | undefined,
  ) {
    this.statusCode = statusCode;
    this.body = body;
    this.headers = headers;
  }
}

/**
 * Refuses a handshake with an HTTP answer: `return reject(401, "who are you?")`. Throws
 * `command-malformed` if the status is not 300 to 599, or is 304.
 */
export function reject(
  statusCode: number,
  body: string | Uint8Array = "",
  options: { readonly headers?: Readonly<Record<string, string>> } = {},
): Rejection {
  const inRange = Number.isInteger(statusCode) && statusCode >= 300 && statusCode <= 599;
  if (!inRange || statusCode === 304) {
    const allowed = "must be 300 to 599, and not 304";
    throw new ServiceError("command-malformed", `reject: the status ${statusCode} ${allowed}`);
  }
  return new Rejection(statusCode, body, options.headers);
}

/** Nothing or a grant accepts the handshake; the result of `reject` refuses it. */
export type AuthorizeAnswer<State = unknown, User extends string = string> =
  | Grant<State, User>
  | Rejection
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing accepts
  | void;

/** Decides over one handshake. Where it throws, the client gets 500 and `error` tells it. */
export type AuthorizeHandler<State = unknown, User extends string = string> = (
  request: AuthorizeRequest,
) => AuthorizeAnswer<State, User> | Promise<AuthorizeAnswer<State, User>>;
