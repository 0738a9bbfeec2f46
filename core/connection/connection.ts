import type { App } from "../app.ts";
import type { EventStream } from "../events/mod.ts";
import type { Group } from "../groups/mod.ts";
import type { ConnectionHandle, Socket } from "../ports/mod.ts";
import type { AddressPlaces } from "./address-limits.ts";

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

/** What a connection is from its beginning. */
export interface ConnectionBirth {
  readonly app: App;
  readonly slot: number;
  readonly id: string;
  readonly stream: EventStream;
  readonly socket: Socket;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  readonly user: string | undefined;
  /** What `open` tells, as `keptInfo` makes it; empty where no other origin may ever get it. */
  readonly info: string;
  /** As `open` tells it, for the log; empty where no line of it is written. */
  readonly address: string;
}

/** One WebSocket on this node, for its whole life. Kept small: a million of these may be idle. */
export class Connection implements ConnectionHandle {
  readonly app: App;
  readonly slot: number;
  readonly id: string;
  /** The stream that carries its events; another one when its origin is gone. */
  stream: EventStream;
  readonly socket: Socket;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  readonly user: string | undefined;
  readonly info: string;
  readonly address: string;
  /** What it is a member of, besides `@all`; undefined where that is nothing. */
  groups: Set<Group> | undefined = undefined;
  /** Where it counts for its address; undefined without a limit. */
  places: AddressPlaces | undefined = undefined;
  /** When its token expires, in milliseconds since the epoch; 0 never. */
  expiresAt = 0;
  /** Payload bytes given to its socket so far. */
  sentBytes = 0;
  /** Got a message in this command batch and waits for its flush. */
  dirty = false;
  /** Not read, because its stream's window is full. */
  paused = false;
  /** Why we close it; undefined while we do not: then it is the client who does. */
  closing: CloseCause | undefined = undefined;
  /** Number in its stream after its last event: confirmed means nothing of it is under way. */
  lastItem = 0;

  constructor({ app, slot, id, stream, socket, openedAt, user, info, address }: ConnectionBirth) {
    this.app = app;
    this.slot = slot;
    this.id = id;
    this.stream = stream;
    this.socket = socket;
    this.openedAt = openedAt;
    this.user = user;
    this.info = info;
    this.address = address;
  }
}
