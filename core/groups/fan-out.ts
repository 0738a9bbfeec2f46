import type { Connection } from "../connection/mod.ts";
import type { Broadcast, OutgoingMessage } from "../ports/mod.ts";
import type { Delivered, Delivery } from "./delivery.ts";
import type { Groups } from "./groups.ts";
import type { LocalGroup } from "./local-group.ts";

/** Called with what became of a message for each member. */
export type OnOutcome = (connection: Connection, outcome: Delivered) => void;

export interface FanOutOptions {
  readonly except?: ReadonlySet<Connection> | undefined;
  readonly onOutcome?: OnOutcome | undefined;
}

const noOptions: FanOutOptions = {};

/** Below this number of members a loop is faster than the runtime's own fan-out. */
const broadcastMembersMin = 16;

/** Sends one message to the members of a group on this node, encoded once. */
export class FanOut {
  readonly #delivery: Delivery;
  /** The runtime's own, if it has one. */
  broadcast: Broadcast | undefined;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  /** The sockets have it after the next `Delivery.flush`. */
  publish(
    groups: Groups,
    name: string,
    message: OutgoingMessage,
    options: FanOutOptions = noOptions,
  ): void {
    const group = groups.get(name);
    // Only the loop knows an outcome for each member.
    const loops =
      group === undefined ||
      this.broadcast === undefined ||
      options.onOutcome !== undefined ||
      (options.except?.size ?? 0) > 1 ||
      group.subscribed < Math.max(broadcastMembersMin, group.members.size);
    if (loops) this.#loop(groups.members(name), message, options);
    else this.#broadcast(this.broadcast as Broadcast, group, message, options);
  }

  #loop(members: Iterable<Connection>, message: OutgoingMessage, options: FanOutOptions): void {
    const { except, onOutcome } = options;
    for (const connection of members) {
      if (except?.has(connection)) continue;
      const outcome = this.#delivery.send(connection, message);
      onOutcome?.(connection, outcome);
    }
  }

  #broadcast(
    broadcast: Broadcast,
    group: LocalGroup,
    message: OutgoingMessage,
    { except }: FanOutOptions,
  ): void {
    const [asked] = except ?? [];
    const excepted = asked !== undefined && group.members.has(asked) ? asked : undefined;
    const { byteLength } = message;
    this.#delivery.beginFanOut(group, byteLength, excepted);
    this.#delivery.fannedOut(group, byteLength, excepted);
    broadcast.publish(group.topic as string, message, excepted?.socket);
  }
}
