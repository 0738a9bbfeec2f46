import type { ServiceError } from "../../../core/base/mod.ts";
import type { Changed, ReplyOptions, SendOptions, SendOutcome, WaitOptions } from "./outcomes.ts";

/** Data of one WebSocket message: text as a string, binary as bytes of its own. */
export type MessageData = string | Uint8Array;

/** What the gateway tells of a connection when it opens, or when it becomes this origin's. */
export interface ConnectionInfo<State = unknown, User extends string = string> {
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Those that the gateway's setting `cookies` names. */
  readonly cookies?: Readonly<Record<string, string>>;
  readonly ip?: string;
  /** Of the route's pattern. */
  readonly params?: Readonly<Record<string, string>>;
  /** Offered by the client. */
  readonly subprotocols?: readonly string[];
  /** Chosen by the gateway or by `authorize`. */
  readonly subprotocol?: string;
  readonly user?: User;
  /** What it was given by `authorize`; in `assigned` what it is now. */
  readonly state?: State;
  /** In `assigned`: those that it is a member of now, besides `@all` and its user's. */
  readonly groups?: readonly string[];
  /** When it opened, in milliseconds since the epoch. */
  readonly at?: number;
  readonly [key: string]: unknown;
}

/** A WebSocket connection of some client at some node, as this origin sees it. */
export interface Connection<State = unknown, User extends string = string> {
  readonly id: string;
  /** The node that holds it. */
  readonly node: string;
  /** What `open` or `assigned` said; undefined where this origin has heard neither. */
  readonly info: ConnectionInfo<State, User> | undefined;
  /** Whom it belongs to, as `open`, `assigned` or `close` said. */
  readonly user: User | undefined;
  /** What the gateway keeps for it: as its last event had it, or as it was set here since. */
  readonly state: State | undefined;
  /** Sends one message. Throws `send-queue-full` where too much waits for the broker. */
  send(data: MessageData, options?: SendOptions): void;
  /** Sends one message and tells what became of it. */
  sendWithReply(data: MessageData, options?: ReplyOptions): Promise<SendOutcome>;
  /** Closes the connection, with 1000 by default. Its `close` event follows. */
  close(closeCode?: number, closeReason?: string): void;
  /**
   * Joins a group. Where the gateway refuses (`group-name`, `group-limit`, `group-refused`) it
   * rejects with that code and `error` tells it too, so that nobody has to wait for it.
   */
  join(group: string, options?: WaitOptions): Promise<Changed<"joined">>;
  leave(group: string, options?: WaitOptions): Promise<Changed<"left">>;
  /** Keeps a value at the gateway, which hands it back with each message. As `join` does. */
  setState(state: State | undefined, options?: WaitOptions): Promise<Changed<"stored">>;
  /** Moves the end of the connection; null takes it away. As `join` does. */
  renew(expires: Date | number | null, options?: WaitOptions): Promise<Changed<"renewed">>;
}

export interface OpenEvent<State = unknown, User extends string = string> {
  readonly type: "open";
  readonly connection: Connection<State, User>;
  readonly info: ConnectionInfo<State, User>;
}

/** A connection that opened earlier, with another origin, is this one's from now on. */
export interface AssignedEvent<State = unknown, User extends string = string> {
  readonly type: "assigned";
  readonly connection: Connection<State, User>;
  readonly info: ConnectionInfo<State, User>;
}

export interface OriginMessageEvent<State = unknown, User extends string = string> {
  readonly type: "message";
  readonly connection: Connection<State, User>;
  readonly data: MessageData;
  /** Number of the event within its connection: 0 was `open`. */
  readonly seq: number;
  /** The connection's state when the message arrived at the gateway. */
  readonly state: State | undefined;
}

export interface OriginCloseEvent<State = unknown, User extends string = string> {
  readonly type: "close";
  readonly connection: Connection<State, User>;
  /**
   * Number of the event within its connection: one more than the last message's. Undefined where
   * no node told it: `node-lost`.
   */
  readonly seq: number | undefined;
  readonly code: number;
  readonly reason: string;
  /** `client`, `origin`, `idle`, `slow`, `limit`, `overload`, `drain`, `error`, `node-lost`. */
  readonly cause: string;
}

/** The gateway's batched sign that these connections live. */
export interface AliveEvent<State = unknown, User extends string = string> {
  readonly type: "alive";
  readonly connections: readonly Connection<State, User>[];
}

/** Something went wrong, with a stable code; the origin goes on. */
export interface OriginErrorEvent {
  readonly type: "error";
  readonly error: ServiceError | Error;
}

/** What `on` takes, by name. */
export interface OriginEvents<State = unknown, User extends string = string> {
  open: OpenEvent<State, User>;
  assigned: AssignedEvent<State, User>;
  message: OriginMessageEvent<State, User>;
  close: OriginCloseEvent<State, User>;
  alive: AliveEvent<State, User>;
  error: OriginErrorEvent;
}

/** What `events()` yields. */
export type OriginEvent<State = unknown, User extends string = string> =
  | OpenEvent<State, User>
  | AssignedEvent<State, User>
  | OriginMessageEvent<State, User>
  | OriginCloseEvent<State, User>
  | AliveEvent<State, User>;

/** May be async: the next event of the same connection waits for it. */
export type OriginHandler<Event> = (event: Event) => void | Promise<void>;
