import type { CommandAcks } from "./command-acks.ts";
import type { CommandStreams } from "./command-streams.ts";
import type { EventRouter } from "./event-router.ts";
import type { Groups } from "./groups.ts";

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
