import type { ConnectionOwner } from "../dispatch/mod.ts";
import type { CommandAck } from "../send/mod.ts";

/** What the receiver leaves to the origin. */
export interface ReceiverEffects extends ConnectionOwner {
  reply(ref: unknown, result: unknown): void;
  acknowledged(node: string, ack: CommandAck): void;
  /** Confirms a stream of events to its node: items handled, and received on a gap. */
  confirm(node: string, stream: string, counts: readonly number[]): void;
  /** A node has handed everything over that this origin was not given yet. */
  released(node: string): void;
  /** A node that seemed to be dead has told of a connection. */
  revived(node: string): void;
  /** A handshake waits for `accept` or `reject`. Resolves when that is no matter any more. */
  connect(id: string, request: unknown, assigned: boolean): Promise<void> | undefined;
}
