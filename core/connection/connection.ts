import {
  type CloseCause,
  type CloseReason,
  type ErrorCode,
  packAddress,
  unpackAddress,
} from "../base/mod.ts";
import type { ConnectionHandle, MessageKind, Socket, Span } from "../ports/mod.ts";
import type { AppCounters, ConnectionTrace } from "../telemetry/mod.ts";

/** What is asked of the app that a connection belongs to. */
export interface ConnectionApp {
  readonly name: string;
  readonly counters: AppCounters;
  /** The gateway begins to close a connection: it is in no group any more. */
  closing(connection: Connection, reason: CloseReason): void;
  /** Payload bytes that the connection got by fan-out in the groups that it is a member of. */
  fannedOutBytes(connection: Connection): number;
}

/** How a connection ended. */
export interface Closing {
  readonly closeCode: number;
  readonly closeReason: string;
  readonly cause: CloseCause;
  /** Who asked for it, if that is not an origin. */
  readonly by?: CloseReason["by"];
  readonly span?: Span | undefined;
}

/** What is asked of the stream that carries a connection's events. */
export interface ConnectionStream {
  /** The codec's number of its batch buffer. */
  readonly buffer: number;
  /** Number of its next item. */
  readonly next: number;
  /** Every item below is acknowledged. */
  readonly acknowledged: number;
  readonly windowFull: boolean;
  /** The origin that gets the events; undefined in open mode, and while none is there. */
  readonly origin: string | undefined;
  /** Whether the stream can publish now; otherwise what is written waits. */
  readonly canPublish: boolean;
  append(item: readonly unknown[]): void;
  /** Adds the event of a client that connects. It may wait a few turns for further clients. */
  appendOpening(item: readonly unknown[]): void;
  /** Publishes `alive` for these connections. */
  alive(ids: readonly string[]): void;
  /** Writes a message of this slot to the batch buffer. Returns its bytes. */
  writeText(slot: number, text: string): number;
  writeBytes(slot: number, kind: MessageKind, data: Uint8Array): void;
  /**
   * Writes a message of a connection that is traced, with the context of the message's span. The
   * span ends when the message is acknowledged. Returns the message's bytes.
   */
  writeTraced(connection: Connection, data: string | Uint8Array, span: Span): number;
  /** Messages were written. */
  written(): void;
  /** The batch buffer has no room for a message: the stream must take the batch out of it. */
  bufferFull(): void;
  /** The connection has sent this. It is paused if the window is full, or its share of that. */
  received(connection: Connection, messages: number, bytes: number): void;
  /** Pauses the connection if the window is full, or its share of that. */
  pauseIfFull(connection: Connection): void;
  /** The connection is closed or belongs to another stream now: this one must not resume it. */
  forget(connection: Connection): void;
  /** The connection is closed: this is its last event, with its span if it is traced. */
  closed(connection: Connection, closing: Closing): void;
}

/** What a connection has from its beginning. */
export interface ConnectionInit {
  readonly app: ConnectionApp;
  readonly slot: number;
  readonly id: string;
  readonly stream: ConnectionStream;
  readonly socket: Socket;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  readonly user: string | undefined;
  /** What the `open` event contained, as `keptInfo` makes it; empty if it cannot move. */
  readonly info: string;
  /** The client's address, for log and admin port; empty if it is not known. */
  readonly address: string;
  /** The path of its handshake, without the query; empty if connections are not logged. */
  readonly path: string;
  /** Undefined if the connection is not traced. */
  readonly trace?: ConnectionTrace | undefined;
}

/** Bits of what is true of a connection. */
const Flag = { dirty: 1, paused: 2, counted: 4 } as const;

/** Why a connection ends. */
interface Ending {
  readonly cause: CloseCause;
  readonly errorCode: ErrorCode | undefined;
  readonly by: CloseReason["by"];
}

/** What is kept of a connection that is logged or traced. */
interface Observed {
  readonly path: string;
  readonly trace: ConnectionTrace | undefined;
}

/**
 * One WebSocket on this node, for its whole life. Kept small: a million of these may be idle. On
 * Bun it has room for 18 fields, and one more would take 64 bytes.
 */
export class Connection implements ConnectionHandle {
  readonly app: ConnectionApp;
  readonly slot: number;
  readonly id: string;
  /** The stream that carries its events; another one when its origin is gone. */
  stream: ConnectionStream;
  readonly socket: Socket;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  readonly user: string | undefined;
  readonly info: string;
  readonly #address: number | string;
  readonly #observed: Observed | undefined;
  /** Names of its groups, besides `@all`; undefined if it has none. */
  groups: Set<string> | undefined = undefined;
  /** When its token expires, in milliseconds since the epoch; 0 never. */
  expiresAt = 0;
  /** Payload bytes given to its socket so far, but for `fannedOutBytes`. */
  ownBytes = 0;
  /** What it sent since `shareItem`, a number in its stream: its share of the window. */
  shareBytes = 0;
  shareItem = 0;
  #flags = 0;
  #ending: Ending | undefined = undefined;
  /** Number after its last event in its stream: once confirmed, no event of it is under way. */
  lastItem = 0;

  constructor({
    app,
    slot,
    id,
    stream,
    socket,
    openedAt,
    user,
    info,
    address,
    path,
    trace,
  }: ConnectionInit) {
    this.app = app;
    this.slot = slot;
    this.id = id;
    this.stream = stream;
    this.socket = socket;
    this.openedAt = openedAt;
    this.user = user;
    this.info = info;
    this.#address = packAddress(address);
    this.#observed = path === "" && trace === undefined ? undefined : { path, trace };
  }

  /** The path of its handshake, without the query; empty if connections are not logged. */
  get path(): string {
    return this.#observed?.path ?? "";
  }

  /** Undefined if the connection is not traced. */
  get trace(): ConnectionTrace | undefined {
    return this.#observed?.trace;
  }

  /** Each message of a traced connection has a span, so each is looked at. */
  get bypassBatch(): boolean {
    return this.#observed?.trace !== undefined;
  }

  /** Payload bytes given to its socket so far. */
  get sentBytes(): number {
    return this.ownBytes + this.app.fannedOutBytes(this);
  }

  /** The client's address; empty if it is not known. */
  get address(): string {
    return unpackAddress(this.#address);
  }

  /** Why it ends; undefined while it does not. */
  get closing(): CloseCause | undefined {
    return this.#ending?.cause;
  }

  /** Why it ends, if that is an error. */
  get errorCode(): ErrorCode | undefined {
    return this.#ending?.errorCode;
  }

  /** Who asked for its end, if that is not an origin. */
  get closedBy(): CloseReason["by"] {
    return this.#ending?.by;
  }

  /** A message was queued in this turn, and its socket is not flushed yet. */
  get dirty(): boolean {
    return (this.#flags & Flag.dirty) !== 0;
  }

  set dirty(dirty: boolean) {
    this.#flag(Flag.dirty, dirty);
  }

  /** Its socket is not read, because its stream's window is full, or its share of that. */
  get paused(): boolean {
    return (this.#flags & Flag.paused) !== 0;
  }

  set paused(paused: boolean) {
    this.#flag(Flag.paused, paused);
  }

  /** It counts among the connections of its address. */
  get counted(): boolean {
    return (this.#flags & Flag.counted) !== 0;
  }

  set counted(counted: boolean) {
    this.#flag(Flag.counted, counted);
  }

  /** Notes why it ends. False if it ends already. */
  ends({ cause, errorCode, by }: Omit<Ending, "by"> & Partial<Ending>): boolean {
    if (this.#ending !== undefined) return false;
    this.#ending = { cause, errorCode, by };
    return true;
  }

  /** Ends the connection. Its `close` event follows when the socket is closed. */
  close(reason: CloseReason): void {
    if (!this.ends(reason)) return;
    this.app.closing(this, reason);
    if (reason.closeCode === 1006) {
      this.socket.terminate();
      return;
    }
    this.socket.flush();
    this.socket.close(reason.closeCode, reason.text);
  }

  #flag(flag: number, on: boolean): void {
    this.#flags = on ? this.#flags | flag : this.#flags & ~flag;
  }
}
