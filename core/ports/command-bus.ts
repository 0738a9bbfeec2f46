import type { ErrorCode, ServiceError } from "../base/mod.ts";
import type { CommandReceiver } from "./command-source.ts";
import type { MessageKind } from "./socket/mod.ts";

/** A message that any MQTT publisher sent to a group's topic `…/groups/{group}/{kind}`. */
export interface GroupMessage {
  readonly app: string;
  readonly group: string;
  readonly kind: MessageKind;
  /** Only valid during the call; of kind text it is not checked yet. */
  readonly payload: Uint8Array;
}

/** A node's presence, which is retained: JSON on `…/presence/nodes/{node}`. */
export interface NodePresence {
  readonly v: 1;
  /** Random, of one start of the process. */
  readonly incarnation: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Milliseconds between heartbeats. A node that misses three is gone. */
  readonly every: number;
  /** Connections that the node has now. */
  readonly connections: number;
  readonly runtime: string;
  readonly version: string;
}

/** What a command bus tells. */
export interface CommandBusListener {
  /** A command batch came. */
  commands: CommandReceiver;
  /** A raw message came for a group that this node joined. */
  message(message: GroupMessage): void;
  /** A packet on this topic was dropped, for this reason. */
  refused(code: ErrorCode, topic: string): void;
  /** A batch of `forward` or `forwardToGroup` did not get to the bus. It is lost. */
  lost(): void;
  /** The bus can be reached now, or cannot. The first call is with true. */
  connected(connected: boolean): void;
  /** The bus can be reached and refuses this node for these reasons; none: no longer. */
  missingRights?(reasons: readonly string[]): void;
}

/**
 * Commands in, from origins and other nodes; command batches for other nodes, and this node's
 * presence, out. A bus does not tell the presence of other nodes: nothing depends on it.
 */
export interface CommandBus {
  /**
   * Resolves when it is connected and subscribed; rejects with a `ServiceError` if it never can.
   */
  start(listener: CommandBusListener): Promise<void>;
  /** Sends a command batch to one node, by its name. */
  forward(app: string, node: string, batch: Uint8Array): void;
  /** Sends a command batch to all other nodes that joined the group. */
  forwardToGroup(app: string, group: string, batch: Uint8Array): void;
  /**
   * Subscribes this node to the commands and messages of a group, also after each reconnect.
   * `done` is called once: when the subscription is confirmed for the first time, or with an error
   * if the bus refuses it (`group-refused`), `leaveGroup` came before, or the bus is stopped.
   */
  joinGroup(app: string, group: string, done: (error?: ServiceError) => void): void;
  /** Ends the subscription: the group's last member here is gone. */
  leaveGroup(app: string, group: string): void;
  /**
   * Publishes this node's presence, retained. The bus's Will clears it when the node dies (MQTT
   * 3.1.1, 3.1.2.5). Where somebody else clears or replaces it, the bus publishes it again.
   */
  announce(app: string, presence: NodePresence): void;
  /**
   * Clears this node's presence, and disconnects. Resolves when that is confirmed or timed out.
   */
  stop(): Promise<void>;
}
