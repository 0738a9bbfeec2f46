import type { EventStream } from "./event-stream.ts";
import type { ConnectionHandle, Socket } from "./ports/mod.ts";

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

/**
 * One WebSocket on this node, for its whole life. Kept small: a million of these may be idle.
 * What `open` told the origin (path, headers, …) is not kept.
 */
export class Connection implements ConnectionHandle {
  readonly slot: number;
  readonly id: string;
  /** The stream that carries its events; another one when its origin is gone. */
  stream: EventStream;
  readonly socket: Socket;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  /** Got a message in this command batch and waits for its flush. */
  dirty = false;
  /** Not read, because its stream's window is full. */
  paused = false;
  /** Why we close it; undefined while we do not: then it is the client who does. */
  closing: CloseCause | undefined = undefined;
  /** Number in its stream after its last event: confirmed means nothing of it is under way. */
  lastItem = 0;

  constructor(slot: number, id: string, stream: EventStream, socket: Socket, openedAt: number) {
    this.slot = slot;
    this.id = id;
    this.stream = stream;
    this.socket = socket;
    this.openedAt = openedAt;
  }
}
