import type { ServiceError } from "../../../core/base/mod.ts";

/** Data of one WebSocket message: text as a string, binary as bytes of its own. */
export type MessageData = string | Uint8Array;

/** What became of a message for one connection; `unknown` where no reply came in time. */
export type SendOutcome = "sent" | "gone" | "slow" | "unknown";

/** What the gateway knows of a connection since its `open`. */
export interface ConnectionInfo {
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ip?: string;
  /** Offered by the client. */
  readonly subprotocols?: readonly string[];
  /** Chosen by the gateway. */
  readonly subprotocol?: string;
  readonly user?: string;
  /** When it opened, in milliseconds since the epoch. */
  readonly at?: number;
  readonly [key: string]: unknown;
}

/** A WebSocket connection of some client at some node, as this origin sees it. */
export interface Connection {
  readonly id: string;
  /** The node that holds it. */
  readonly node: string;
  /** What `open` said; undefined where this origin has not seen it open. */
  readonly info: ConnectionInfo | undefined;
  /** Sends one message. Throws `send-queue-full` where too much waits for the broker. */
  send(data: MessageData): void;
  /** Sends one message and tells what became of it. */
  sendWithReply(data: MessageData, options?: ReplyOptions): Promise<SendOutcome>;
  /** Closes the connection, with 1000 by default. Its `close` event follows. */
  close(closeCode?: number, closeReason?: string): void;
}

export interface ReplyOptions {
  readonly timeoutMs?: number;
}

export interface OpenEvent {
  readonly type: "open";
  readonly connection: Connection;
  readonly info: ConnectionInfo;
}

export interface OriginMessageEvent {
  readonly type: "message";
  readonly connection: Connection;
  readonly data: MessageData;
  /** Number of the event within its connection: 0 was `open`. */
  readonly seq: number;
}

export interface OriginCloseEvent {
  readonly type: "close";
  readonly connection: Connection;
  readonly code: number;
  readonly reason: string;
  /** `client`, `origin`, `idle`, `slow`, `limit`, `overload`, `drain`, `error`, `node-lost`. */
  readonly cause: string;
}

/** The gateway's batched sign that these connections live. */
export interface AliveEvent {
  readonly type: "alive";
  readonly connections: readonly Connection[];
}

/** Something went wrong, with a stable code; the origin goes on. */
export interface OriginErrorEvent {
  readonly type: "error";
  readonly error: ServiceError | Error;
}

/** What `on` takes, by name. */
export interface OriginEvents {
  open: OpenEvent;
  message: OriginMessageEvent;
  close: OriginCloseEvent;
  alive: AliveEvent;
  error: OriginErrorEvent;
}

/** What `events()` yields. */
export type OriginEvent = OpenEvent | OriginMessageEvent | OriginCloseEvent | AliveEvent;

/** May be async: the next event of the same connection waits for it. */
export type OriginHandler<Event> = (event: Event) => void | Promise<void>;
