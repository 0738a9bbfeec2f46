import type { CommandAcks, CommandStreams } from "./commands/mod.ts";
import type { Groups } from "./groups/mod.ts";
import type { EventRouter } from "./routing/mod.ts";

/** What a node has of each app: nothing of it is shared with another app. */
export interface App {
  readonly name: string;
  readonly router: EventRouter;
  readonly groups: Groups;
  readonly commandStreams: CommandStreams;
  readonly acks: CommandAcks;
  /** Open connections. */
  connections: number;
}
