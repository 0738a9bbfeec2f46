import { type OriginIdentity, originLimits } from "../base/mod.ts";
import { BatchSender } from "./batch-sender.ts";
import type { Expiry } from "./expiry.ts";
import { PublishBarrier } from "./publish-barrier.ts";
import type { SendQueue } from "./send-queue.ts";

/** A command that the queue has counted. */
export interface Admitted {
  readonly command: Uint8Array;
  readonly expiry: Expiry | undefined;
}

/** Commands to one topic that several nodes receive, until the broker has them all. */
class GroupSender extends BatchSender {
  readonly #drained: () => void;

  constructor(topic: string, queue: SendQueue, drained: () => void) {
    const { groupBatchesInFlightMax: max } = originLimits;
    super(topic, queue, { max, target: max }, () => "");
    this.#drained = drained;
  }

  protected override drained(): void {
    super.drained();
    this.#drained();
  }
}

/** Commands to the nodes with members of a group, or to all nodes. */
export class GroupSenders {
  readonly barrier: PublishBarrier;
  readonly #identity: OriginIdentity;
  readonly #queue: SendQueue;
  /** By topic, while the broker has not confirmed everything. */
  readonly #topics: Map<string, GroupSender> = new Map();

  constructor(identity: OriginIdentity, queue: SendQueue) {
    this.#identity = identity;
    this.#queue = queue;
    this.barrier = new PublishBarrier(queue.clock);
  }

  /** Counts a command in the queue, for `add`. Throws `send-queue-full` or `batch-too-big`. */
  admit(item: readonly unknown[], expiry?: Expiry): Admitted {
    return { command: this.#queue.admit(item), expiry };
  }

  /** Sends it to the nodes with members of the group; without a group to all nodes. */
  add({ command, expiry }: Admitted, group?: string): void {
    const { app, name, topics } = this.#identity;
    const topic =
      group === undefined ? topics.commands(app, name) : topics.groupCommands(app, group, name);
    let sender = this.#topics.get(topic);
    if (sender === undefined) {
      sender = new GroupSender(topic, this.#queue, () => this.#topics.delete(topic));
      this.#topics.set(topic, sender);
    }
    sender.append(command, expiry);
  }
}
