import { ServiceError } from "../../../core/base/mod.ts";

/** A client that wants to connect, as the gateway saw it. */
export interface AuthorizeRequest {
  /** The id that the connection will have. */
  readonly id: string;
  readonly path: string;
  /** What stands behind the `?`. */
  readonly query: string;
  /** Those that the gateway lets through, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Those that the gateway's setting `cookies` names. */
  readonly cookies: Readonly<Record<string, string>>;
  readonly ip: string;
  /** Offered by the client. */
  readonly subprotocols: readonly string[];
  /** Of the route's pattern. */
  readonly params: Readonly<Record<string, string>>;
  /** How long the gateway waits for the answer. */
  readonly timeoutMs: number;
  /** Aborts when the gateway waits no longer, or the origin closes. */
  readonly signal: AbortSignal;
}

/** What an accepted connection gets. */
export interface Grant<State = unknown, User extends string = string> {
  readonly user?: User | undefined;
  readonly groups?: Iterable<string> | undefined;
  readonly state?: State | undefined;
  /** One of those offered. */
  readonly subprotocol?: string | undefined;
  /** Of the HTTP answer. */
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

/** Says no to a client: `return reject(401, "who are you?")`. Status 300 to 599, not 304. */
export function reject(
  statusCode: number,
  body: string | Uint8Array = "",
  options: { readonly headers?: Readonly<Record<string, string>> } = {},
): Rejection {
  const inRange = Number.isInteger(statusCode) && statusCode >= 300 && statusCode <= 599;
  if (!inRange || statusCode === 304) {
    const allowed = "300 to 599 does, but for 304";
    throw new ServiceError("command-malformed", `${statusCode} rejects nobody: ${allowed}`);
  }
  return new Rejection(statusCode, body, options.headers);
}

/** To accept, returns nothing or a grant; to refuse, what `reject` returns. */
export type AuthorizeAnswer<State = unknown, User extends string = string> =
  | Grant<State, User>
  | Rejection
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing accepts
  | void;

/** Decides over one handshake. One that throws rejects it with 500. */
export type AuthorizeHandler<State = unknown, User extends string = string> = (
  request: AuthorizeRequest,
) => AuthorizeAnswer<State, User> | Promise<AuthorizeAnswer<State, User>>;
