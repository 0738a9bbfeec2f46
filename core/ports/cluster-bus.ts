import type { CommandReceiver } from "./command-source.ts";

/** What a node says of itself, retained. JSON on the wire, unknown keys kept out. */
export interface NodePresence {
  readonly v: 1;
  readonly incarnation: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Milliseconds between heartbeats; gone after three are missed. */
  readonly every: number;
  readonly connections: number;
  readonly runtime: string;
  readonly version: string;
}

export interface ClusterBusListener {
  commands: CommandReceiver;
  /** A node announced itself, or (undefined) left or died. Own announcements are told too. */
  node(app: string, node: string, presence: NodePresence | undefined): void;
  /** Whether the bus can be reached now. The first call is when it first can. */
  connected(connected: boolean): void;
}

/** Node to node, and origin to any node: commands and presence. */
export interface ClusterBus {
  /** Resolves when connected and subscribed. Rejects with a `ServiceError` where it never will. */
  start(listener: ClusterBusListener): Promise<void>;
  /** Sends a command batch to one node, which treats it as addressed to it by name. */
  forward(app: string, node: string, batch: Uint8Array): void;
  /** Publishes this node's presence, retained; the bus's Will clears it when the node dies. */
  announce(app: string, presence: NodePresence): void;
  /** Clears this node's presence and leaves. Resolves when that is confirmed or timed out. */
  stop(): Promise<void>;
}
