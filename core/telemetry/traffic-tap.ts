import type { CommandDecoder, CommandSource, GroupMessage } from "../ports/mod.ts";

/** Sees what passes through a node. While nobody watches, all it costs is a look at `isOpen`. */
export interface TrafficTap {
  /** Whether anybody watches: while it is false, the methods are not called. */
  readonly isOpen: boolean;
  /** A batch of events on its way to its destination, in MessagePack. Nobody changes its bytes. */
  events(batch: Uint8Array): void;
  /** A command that is carried out now: the item that the decoder's cursor is on. */
  command(source: CommandSource, commands: CommandDecoder): void;
  /** A raw message to the members of a group. Its payload is valid during the call. */
  message(message: GroupMessage): void;
}
