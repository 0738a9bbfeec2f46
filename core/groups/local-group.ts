import type { ServiceError } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";
import { QueueAllowance } from "./queue-allowance.ts";

/** Called when the broker has granted a group's subscription, or with why it has not. */
export type GroupReady = (error?: ServiceError) => void;

/** A group, as far as it has members on this node. */
export class LocalGroup {
  readonly name: string;
  /** Its name in the runtime's own fan-out; undefined if that is not used. */
  readonly topic: string | undefined;
  /** The members, each with `fannedOutBytes` at the time when it joined. */
  readonly members: Map<Connection, number> = new Map();
  /** Payload bytes that every member got by the runtime's own fan-out. */
  fannedOutBytes = 0;
  /** How much the runtime's own fan-out may queue before the members are looked at again. */
  readonly allowance: QueueAllowance = new QueueAllowance();
  /** Number of handshakes under way whose connections will be members. */
  reservations = 0;
  /** Number of members that the runtime's own fan-out reaches. */
  subscribed = 0;
  /** Callbacks that wait for the subscription; undefined once it is granted. */
  waiting: GroupReady[] | undefined = [];
  /** Why the bus did not grant the subscription; the group is in no table then. */
  refused: ServiceError | undefined = undefined;

  constructor(name: string, topic: string | undefined) {
    this.name = name;
    this.topic = topic;
  }
}
