import type { ServiceError } from "../../core/base/mod.ts";
import { type PeerMessage, peerLimits } from "./wire/mod.ts";

/** A message on its way to one peer. */
export interface Outgoing extends PeerMessage {
  /** Called once: when the peer has it, or with the reason why it has not. */
  done(error?: ServiceError): void;
  /** The peer does not answer at the moment. Called any number of times before `done`. */
  delayed?(): void;
}

function bytesOf({ topic, payload }: PeerMessage): number {
  return peerLimits.messageOverheadBytes + 3 * topic.length + payload.byteLength;
}

/** The messages that a peer does not have yet, in their order. */
export class PeerQueue {
  #waiting: Outgoing[] = [];
  /** Those of the request that is under way. */
  #taken: readonly Outgoing[] = [];
  #bytes = 0;
  /** The peer does not answer: publishes to all nodes must not wait for it. */
  #slow = false;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** False if the peer's queue is full. */
  add(message: Outgoing): boolean {
    const bytes = bytesOf(message);
    if (this.#bytes + bytes > peerLimits.queueBytesMax) return false;
    this.#bytes += bytes;
    this.#waiting.push(message);
    if (this.#slow) message.delayed?.();
    return true;
  }

  /** The messages of the next request. */
  take(): readonly Outgoing[] {
    let bytes = 0;
    let count = 0;
    for (const message of this.#waiting) {
      bytes += bytesOf(message);
      const full = bytes > peerLimits.requestBytesTarget || count >= peerLimits.requestMessagesMax;
      if (full && count > 0) break;
      count++;
    }
    this.#taken = this.#waiting.splice(0, count);
    return this.#taken;
  }

  /** The peer has the messages of the last request. */
  delivered(): void {
    this.#slow = false;
    const taken = this.#taken;
    this.#taken = [];
    for (const message of taken) {
      this.#bytes -= bytesOf(message);
      message.done();
    }
  }

  /** The peer did not answer. What waits for it is kept; publishes to all nodes no longer wait. */
  delay(): void {
    this.#slow = true;
    for (const message of [...this.#taken, ...this.#waiting]) message.delayed?.();
  }

  /**
   * Fails all messages. Returns how many are lost. Presences are not: they are sent again.
   */
  fail(error: ServiceError): number {
    const lost = [...this.#taken, ...this.#waiting];
    this.#taken = this.#waiting = [];
    this.#bytes = 0;
    this.#slow = false;
    for (const message of lost) message.done(error);
    return lost.filter(({ retain }) => !retain).length;
  }
}
