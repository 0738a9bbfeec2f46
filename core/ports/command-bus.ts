import type { ErrorCode, ServiceError } from "../base/mod.ts";
import type { CommandReceiver } from "./command-source.ts";
import type { MessageKind } from "./socket/mod.ts";

/** A raw message for the members of a group; `payload` is only valid during the call. */
export interface GroupMessage {
  readonly app: string;
  readonly group: string;
  readonly kind: MessageKind;
  readonly payload: Uint8Array;
}

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

export interface CommandBusListener {
  commands: CommandReceiver;
  /** Anybody published the payload of one WebSocket message to a group that was joined. */
  message(message: GroupMessage): void;
  /** What came on this topic was dropped unread, and why. */
  refused(code: ErrorCode, topic: string): void;
  /** A batch that was to be forwarded did not get to the bus: it is lost. */
  lost(): void;
  /** Whether the bus can be reached now. The first call is when it first can. */
  connected(connected: boolean): void;
  /** The bus stands and does not let this node take part, for these reasons; or it does again. */
  barred?(reasons: readonly string[]): void;
}

/**
 * Commands in, from nodes and origins, and this node's presence out. A bus does not tell a node of
 * the presence of other nodes: nothing depends on it.
 */
export interface CommandBus {
  /** Resolves when connected and subscribed. Rejects with a `ServiceError` where it never will. */
  start(listener: CommandBusListener): Promise<void>;
  /** Sends a command batch to one node, which treats it as addressed to it by name. */
  forward(app: string, node: string, batch: Uint8Array): void;
  /** Sends a command batch to all other nodes that joined the group. */
  forwardToGroup(app: string, group: string, batch: Uint8Array): void;
  /**
   * This node has members of the group: from now on it hears the group's commands and messages,
   * after a reconnect too. `done` is called once: when that holds for the first time, or with an
   * error where the bus refuses it or `leaveGroup` came before.
   */
  joinGroup(app: string, group: string, done: (error?: ServiceError) => void): void;
  /** The last member is gone. */
  leaveGroup(app: string, group: string): void;
  /**
   * Publishes this node's presence, retained; the bus's Will clears it when the node dies. Where
   * somebody else clears or replaces it, the bus publishes it again.
   */
  announce(app: string, presence: NodePresence): void;
  /** Clears this node's presence and leaves. Resolves when that is confirmed or timed out. */
  stop(): Promise<void>;
}
