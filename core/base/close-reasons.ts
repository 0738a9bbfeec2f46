import type { ErrorCode } from "./errors.ts";

/** Why a connection ended, as the `close` event tells it. */
export const CloseCause = {
  client: "client",
  origin: "origin",
  idle: "idle",
  slow: "slow",
  limit: "limit",
  overload: "overload",
  drain: "drain",
  error: "error",
  nodeLost: "node-lost",
} as const;
export type CloseCause = (typeof CloseCause)[keyof typeof CloseCause];

/** Why the gateway ends a connection, and what each side gets to know of it. */
export interface CloseReason {
  /** What the `close` event tells the origin. */
  readonly cause: CloseCause;
  /** RFC 6455, 7.4.1. With 1006 no close frame is sent: the TCP stream is cut. */
  readonly closeCode: number;
  /** The reason in the close frame. */
  readonly text: string;
  /** What is counted and logged; undefined if nothing went wrong. */
  readonly errorCode: ErrorCode | undefined;
  /** Whether a client does right to connect again as it is. */
  readonly reconnect: boolean;
  /** Who asked for it, if that is not an origin. */
  readonly by?: "admin" | undefined;
}

/** Names of the gateway's own reasons. */
type Name =
  | "drain"
  | "slow"
  | "windowFull"
  | "noOrigin"
  | "originFailed"
  | "originRefused"
  | "connectRefused"
  | "messageTooBig"
  | "eventTooBig"
  | "handshakeTimeout"
  | "tokenExpired"
  | "pingTimeout"
  | "idleTimeout"
  | "connectionAge"
  | "messageRate"
  | "byteRate"
  | "controlRate"
  | "connectionsPerIp";

const reason = (
  cause: CloseCause,
  closeCode: number,
  text: string,
  errorCode: ErrorCode | undefined,
  reconnect: boolean,
): CloseReason => ({ cause, closeCode, text, errorCode, reconnect });

const { drain, error, idle, limit, origin, overload, slow } = CloseCause;

/**
 * Each reason of the gateway's own, and those that origins send: `windowFull`, and all whose name
 * ends with `Failed` or `Refused`. They are listed in `docs/errors.md`. The table of protocol
 * faults is `faultCloseCodes` in `errors.ts`.
 */
export const closeReasons: Readonly<Record<Name, CloseReason>> = {
  drain: reason(drain, 1012, "service restart", undefined, true),
  /** The client leaves too much unread. */
  slow: reason(slow, 1013, "slow", "send-queue-full", true),
  /** The window of unconfirmed events is full, and the runtime cannot pause the client. */
  windowFull: reason(overload, 1013, "overload", "window-full", true),
  /** No origin came to take the connection's events. */
  noOrigin: reason(overload, 1013, "overload", "no-origin", true),
  /** An origin over HTTP did not take an event. */
  originFailed: reason(error, 1013, "origin-failed", "origin-failed", true),
  /** An origin in the form `batch` refuses an event for good: the same event is refused again. */
  originRefused: reason(error, 1013, "origin-refused", undefined, false),
  /** An answer to `$connect` in the form `aws` refuses a connection whose handshake is over. */
  connectRefused: reason(origin, 1008, "refused", undefined, false),
  messageTooBig: reason(limit, 1009, "message-too-big", "message-too-big", false),
  /** An open or assigned event is larger than a broker packet. */
  eventTooBig: reason(limit, 1009, "message-too-big", "batch-too-big", false),
  /** The connection came after its place had been given back. */
  handshakeTimeout: reason(limit, 1013, "handshake-timeout", "handshake-timeout", true),
  tokenExpired: reason(limit, 4401, "token-expired", "token-expired", false),
  pingTimeout: reason(error, 1006, "", "ping-timeout", true),
  idleTimeout: reason(idle, 1001, "idle-timeout", "idle-timeout", true),
  connectionAge: reason(limit, 1012, "connection-age", "connection-age", true),
  messageRate: reason(limit, 1008, "message-rate", "message-rate", false),
  byteRate: reason(limit, 1008, "byte-rate", "byte-rate", false),
  controlRate: reason(limit, 1008, "control-rate", "control-rate", false),
  connectionsPerIp: reason(limit, 1008, "connections-per-ip", "connections-per-ip", false),
};

/** How a library tells of a connection whose node is lost: nobody has seen its end. */
export const nodeLostClose: {
  readonly closeCode: number;
  readonly closeReason: string;
  readonly cause: CloseCause;
} = { closeCode: 1006, closeReason: "", cause: CloseCause.nodeLost };

/**
 * A command ends the connection. It says `error` if the origin itself failed, and `admin` if it is
 * an operator's.
 */
export function closedByOrigin(
  closeCode: number,
  text: string,
  { cause = CloseCause.origin, by }: Partial<Pick<CloseReason, "cause" | "by">> = {},
): CloseReason {
  return { cause, closeCode, text, errorCode: undefined, reconnect: false, by };
}
