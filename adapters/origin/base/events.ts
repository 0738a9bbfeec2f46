import type { ServiceError } from "../../../core/base/mod.ts";
import type { Changed, ReplyOptions, SendOptions, SendOutcome, WaitOptions } from "./outcomes.ts";

/** Data of one WebSocket message: text is a string, binary is a Uint8Array of its own. */
export type MessageData = string | Uint8Array;

/**
 * What the gateway knows of a connection: the last element of an `open` or `assigned` item. A node
 * of a later version may add keys.
 */
export interface ConnectionInfo<State = unknown, User extends string = string> {
  /** Of the request's URL. */
  readonly path?: string;
  /** Of the request's URL, without the `?`. */
  readonly query?: string;
  /** Those that the gateway's setting `headers` names, by their names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Those that the gateway's setting `cookies` names. */
  readonly cookies?: Readonly<Record<string, string>>;
  /** The client's address, without port. */
  readonly ip?: string;
  /** Values of the parameters in the route's pattern. */
  readonly params?: Readonly<Record<string, string>>;
  /** Offered by the client. */
  readonly subprotocols?: readonly string[];
  /** Chosen by the gateway or by `authorize`. */
  readonly subprotocol?: string;
  readonly user?: User;
  /** In `open` what `authorize` gave, in `assigned` what it is now. */
  readonly state?: State;
  /** Only in `assigned`: the connection's groups, without `@all` and its user's. */
  readonly groups?: readonly string[];
  /** When it opened, in milliseconds since the epoch. */
  readonly at?: number;
  /** The span of its handshake, as a `traceparent`, if the gateway traces it. */
  readonly trace?: string;
  readonly [key: string]: unknown;
}

/**
 * The handle of a WebSocket connection that a node holds. `send`, `close` and the promises of the
 * others fail with these codes: `command-malformed` (an argument), `send-queue-full` (64 MiB wait
 * for the broker), `batch-too-big` (it does not fit into one packet), `broker-lost` (the origin is
 * closed).
 */
export interface Connection<State = unknown, User extends string = string> {
  /** `NODE.REST`, at most 64 characters; unguessable, and never used again. */
  readonly id: string;
  /** The name of the node that holds it. */
  readonly node: string;
  /** What `open` or `assigned` said; undefined if this origin received neither. */
  readonly info: ConnectionInfo<State, User> | undefined;
  /** The user's name, from `open`, `assigned` or `close`. */
  readonly user: User | undefined;
  /** The value that the gateway keeps: of its last event, or as it was set here since. */
  readonly state: State | undefined;
  /** The span of its handshake, as a `traceparent`; undefined if the gateway does not trace it. */
  readonly trace: string | undefined;
  /** Sends one message. */
  send(data: MessageData, options?: SendOptions): void;
  /** Sends one message and resolves to its outcome. */
  sendWithReply(data: MessageData, options?: ReplyOptions): Promise<SendOutcome>;
  /** Closes the connection, with 1000 by default or with 4000 to 4999. `close` follows. */
  close(closeCode?: number, closeReason?: string): void;
  /**
   * Joins a group. It rejects if the gateway refuses: `group-name`, `group-limit` (too many
   * groups) or `group-refused` (the broker's rules). The event `error` tells it too, so that
   * nobody has to wait for the promise.
   */
  join(group: string, options?: WaitOptions): Promise<Changed<"joined">>;
  /** Leaves a group; it fails as `join` does. */
  leave(group: string, options?: WaitOptions): Promise<Changed<"left">>;
  /**
   * Keeps a value of up to 4,096 bytes of MessagePack at the gateway, which hands it back with
   * each message; undefined removes it. It fails as `join` does, or with `state-too-big`.
   */
  setState(state: State | undefined, options?: WaitOptions): Promise<Changed<"stored">>;
  /**
   * Sets when the gateway closes the connection with 4401, in milliseconds since the epoch; null:
   * never. It fails as `join` does.
   */
  renew(expires: Date | number | null, options?: WaitOptions): Promise<Changed<"renewed">>;
}

/** A connection opened. */
export interface OpenEvent<State = unknown, User extends string = string> {
  readonly type: "open";
  readonly connection: Connection<State, User>;
  readonly info: ConnectionInfo<State, User>;
}

/** A connection that opened earlier, at another origin, belongs to this one from now on. */
export interface AssignedEvent<State = unknown, User extends string = string> {
  readonly type: "assigned";
  readonly connection: Connection<State, User>;
  readonly info: ConnectionInfo<State, User>;
}

/** A client sent a message. */
export interface OriginMessageEvent<State = unknown, User extends string = string> {
  readonly type: "message";
  readonly connection: Connection<State, User>;
  readonly data: MessageData;
  /** Number of the event within its connection: `open` has 0. */
  readonly seq: number;
  /** The connection's state when the message arrived at the gateway. */
  readonly state: State | undefined;
  /** The message's span, as a `traceparent`, if the gateway traces it. */
  readonly trace?: string;
}

/** A connection ended. */
export interface OriginCloseEvent<State = unknown, User extends string = string> {
  readonly type: "close";
  readonly connection: Connection<State, User>;
  /**
   * Number of the event within its connection: one more than the last message's. Undefined if
   * its node died (`node-lost`), so that nobody counted.
   */
  readonly seq: number | undefined;
  /** RFC 6455's close code; 1006 if no close frame came. */
  readonly code: number;
  readonly reason: string;
  /** `client`, `origin`, `idle`, `slow`, `limit`, `overload`, `drain`, `error`, `node-lost`. */
  readonly cause: string;
  /** The span of this event, as a `traceparent`, if the gateway traces it. */
  readonly trace?: string;
}

/** A batched sign of life of connections, every `--keep-alive-interval`. */
export interface AliveEvent<State = unknown, User extends string = string> {
  readonly type: "alive";
  readonly connections: readonly Connection<State, User>[];
}

/**
 * Something went wrong outside of a call; the origin goes on. A `ServiceError` has a stable
 * `code`; any other error was thrown by a handler.
 */
export interface OriginErrorEvent {
  readonly type: "error";
  readonly error: ServiceError | Error;
}

/** The events of `on`, by name. */
export interface OriginEvents<State = unknown, User extends string = string> {
  open: OpenEvent<State, User>;
  assigned: AssignedEvent<State, User>;
  message: OriginMessageEvent<State, User>;
  close: OriginCloseEvent<State, User>;
  alive: AliveEvent<State, User>;
  error: OriginErrorEvent;
}

/** The events of `events()`. */
export type OriginEvent<State = unknown, User extends string = string> =
  | OpenEvent<State, User>
  | AssignedEvent<State, User>
  | OriginMessageEvent<State, User>
  | OriginCloseEvent<State, User>
  | AliveEvent<State, User>;

/** It may be async: the next event of the same connection waits for it. */
export type OriginHandler<Event> = (event: Event) => void | Promise<void>;
