import { limits } from "../base/mod.ts";

/** What is known of all queues of a node when a message is about to go out. */
export interface QueueState {
  /** Bytes that were queued on the sockets of the node so far, those of all sockets together. */
  readonly queuedBytes: number;
  /** Bytes that a client may leave unread. */
  readonly sendQueueBytesMax: number;
  /** Milliseconds of a clock that is never set. */
  readonly now: number;
}

/**
 * Says when the members of a group must be looked at, each with its queue, because one of them may
 * leave too much unread. To look at thousands for every message costs as much as a tenth of the
 * fan-out. But no queue can have grown by more than what the node has queued in all since the last
 * look. Control frames do not count in that, so a look is due after a second in any case.
 */
export class QueueAllowance {
  /** The count of `queuedBytes` up to which nobody's queue can be full. */
  #upTo = 0;
  #sendQueueBytesMax = -1;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** Whether a message may go out without a look. `queuedBytes` counts it already. */
  covers({ queuedBytes, sendQueueBytesMax, now }: QueueState): boolean {
    return (
      queuedBytes <= this.#upTo &&
      sendQueueBytesMax === this.#sendQueueBytesMax &&
      now - this.#lookedAt < limits.membersLookMs
    );
  }

  /** All members were looked at, before the message: the fullest queue had so many bytes. */
  looked({ queuedBytes, sendQueueBytesMax, now }: QueueState, fullest: number): void {
    this.#upTo = queuedBytes + sendQueueBytesMax - fullest;
    this.#sendQueueBytesMax = sendQueueBytesMax;
    this.#lookedAt = now;
  }

  /** A member has joined, with so many bytes in its queue. */
  joined(bufferedAmount: number): void {
    if (bufferedAmount > 0) this.#upTo = 0;
  }
}
