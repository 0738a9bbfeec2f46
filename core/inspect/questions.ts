/** What an operator may ask a node. All of it can be JSON: workers are asked over a channel. */

/** Which connections are looked for: those that have all of what is given. */
export interface ConnectionFilter {
  /** Part of the id. */
  readonly id?: string | undefined;
  /** Part of the user's name. */
  readonly user?: string | undefined;
  /** The address, or its beginning. */
  readonly address?: string | undefined;
  /** The name of a group. */
  readonly group?: string | undefined;
  readonly app?: string | undefined;
}

export type Question =
  | { readonly what: "node" }
  | {
      /** Not a question: a command to the connection `id`, and to no other. */
      readonly what: "command";
      readonly id: string;
      /** The connection's app, if it is to be this one. */
      readonly app: string | undefined;
      /** Verb and arguments, as in a JSON batch, without the id. */
      readonly item: readonly [verb: "send" | "close", ...rest: unknown[]];
    }
  | {
      readonly what: "connections";
      readonly filter: ConnectionFilter;
      readonly limit: number;
      /** The `next` of an earlier answer; 0 at the beginning. */
      readonly after: number;
    }
  | { readonly what: "connection"; readonly id: string }
  | { readonly what: "destinations" }
  | { readonly what: "apps" };

/** A connection, as an operator sees it. Times are in ms since the epoch. */
export interface ConnectionView {
  readonly id: string;
  readonly app: string;
  /** Undefined if the node keeps no requests: `--origin-mode open`. */
  readonly path: string | undefined;
  readonly user: string | undefined;
  readonly address: string;
  /** The first hundred of its groups. */
  readonly groups: readonly string[];
  readonly subprotocol: string | undefined;
  readonly openedAt: number;
  /** Of the client's last message; undefined if it is not recorded. */
  readonly lastActiveAt: number | undefined;
  /** Bytes that the client has not read. */
  readonly bytesWaiting: number;
  /** `paused`: its socket is not read, because a window is full. */
  readonly state: "open" | "paused" | "closing";
  /** The origin that gets its events; undefined in open mode, and while none is there. */
  readonly origin: string | undefined;
}

/** The same with what only the page of one connection shows. */
export interface ConnectionDetails extends ConnectionView {
  readonly node: string;
  /** Payload bytes given to its socket so far. */
  readonly sentBytes: number;
  /** When its token expires; undefined: never. */
  readonly expiresAt: number | undefined;
}

export interface ConnectionsAnswer {
  readonly connections: readonly ConnectionView[];
  /** Where the next search goes on; undefined at the end. */
  readonly next: number | undefined;
}

/** Where events of an app go: to an origin, to the subscribers of a partition, or nowhere yet. */
export interface DestinationView {
  readonly app: string;
  readonly node: string;
  readonly kind: "origin" | "partition" | "waiting";
  /** The origin's name or the partition's number; empty while events wait for an origin. */
  readonly name: string;
  readonly connections: number;
  readonly window: {
    readonly bytes: number;
    readonly bytesMax: number;
    readonly items: number;
    /** Undefined without a limit. */
    readonly itemsMax: number | undefined;
  };
  /** How full the window is: 1 is full. What was under way then is still taken, and counts. */
  readonly fill: number;
  /** How long nothing was acknowledged although something waits for that, in ms. */
  readonly lagMs: number;
  /** Connections that are not read, because the window is full. */
  readonly paused: number;
  readonly leaving?: boolean | undefined;
  readonly weight?: number | undefined;
  readonly format?: string | undefined;
  readonly incarnation?: string | undefined;
}

export interface AppView {
  readonly app: string;
  readonly node: string;
  readonly mode: "open" | "assigned";
  readonly connections: number;
  readonly groups: number;
  readonly origins: number;
}

export interface NodeView {
  readonly node: string;
  readonly incarnation: string;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly connections: number;
  readonly handshakesWaiting: number;
  readonly apps: readonly string[];
}

/** What a tail follows: one connection, or a group of an app. */
export type TailFilter =
  | { readonly connection: string }
  | { readonly group: string; readonly app: string };

/** One event, command or raw message that passed. */
export interface TailLine {
  /** When it was seen, in ms since the epoch. */
  readonly at: number;
  readonly kind: "event" | "command" | "raw";
  readonly verb: string;
  readonly connection?: string | undefined;
  readonly seq?: number | undefined;
  readonly group?: string | undefined;
  /** Who sent the command. */
  readonly sender?: string | undefined;
  /** Bytes of the payload. */
  readonly bytes?: number | undefined;
  /** The beginning of a text. */
  readonly text?: string | undefined;
  /** The beginning of binary data, in hexadecimal digits. */
  readonly binary?: string | undefined;
  /** The payload goes on. */
  readonly cut?: boolean | undefined;
  /** What else the item contains. */
  readonly details?: readonly unknown[] | undefined;
}

/** What a tail has left out since it handed lines over last. */
export interface LeftOut {
  /** Lines above the rate. */
  readonly lines: number;
  /** Batches of events that nobody looked through. */
  readonly batches: number;
}

/** Takes the lines of a tail. It must not throw. */
export type TailReceiver = (lines: readonly TailLine[], leftOut: LeftOut) => void;
