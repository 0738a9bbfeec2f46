import type { ServiceError } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";

/** Told when the broker has granted a group's subscription, or why it has not. */
export type GroupReady = (error?: ServiceError) => void;

/** A group with members on this node, or with some about to come. */
export class Group {
  readonly name: string;
  /** What the runtime's own fan-out knows it by; undefined where it is not used for it. */
  readonly topic: string | undefined;
  readonly members: Set<Connection> = new Set();
  /** Handshakes under way whose connection will be a member. */
  reservations = 0;
  /** Members that the runtime's own fan-out reaches. */
  subscribed = 0;
  /** Who waits for the subscription; undefined once it is granted. */
  waiting: GroupReady[] | undefined = [];
  /** Why the bus did not grant it; then it is in no table any more. */
  refused: ServiceError | undefined = undefined;

  constructor(name: string, topic: string | undefined) {
    this.name = name;
    this.topic = topic;
  }
}
