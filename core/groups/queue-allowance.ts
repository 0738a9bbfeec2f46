import { limits } from "../base/mod.ts";

/** What is known of all queues of a node when a message is about to go out. */
export interface QueueState {
  /** Bytes that this node has queued so far, on all sockets together. */
  readonly queuedBytes: number;
  /** Bytes that a client may leave unread. */
  readonly sendQueueBytesMax: number;
  /** Milliseconds of a clock that is never set. */
  readonly now: number;
}

/**
 * Says when the queues of a group's members must be checked, because a member may have left too
 * much unread. Checking thousands for every message would cost a tenth of the fan-out. But since
 * the last check no queue can have grown by more than the node has queued on all sockets together.
 * That sum does not count control frames, so a check is due after a second in any case.
 */
export class QueueAllowance {
  /** The count of `queuedBytes` up to which nobody's queue can be full. */
  #upTo = 0;
  #sendQueueBytesMax = -1;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** Whether a message may be sent without a check. `queuedBytes` counts it already. */
  covers({ queuedBytes, sendQueueBytesMax, now }: QueueState): boolean {
    return (
      queuedBytes <= this.#upTo &&
      sendQueueBytesMax === this.#sendQueueBytesMax &&
      now - this.#lookedAt < limits.membersLookMs
    );
  }

  /** All members were checked before the message. The fullest queue had so many bytes. */
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
