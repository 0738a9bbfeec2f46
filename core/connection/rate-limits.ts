import { type CloseReason, closeReasons } from "../base/mod.ts";
import type { Clock } from "../ports/mod.ts";
import type { Connection } from "./connection.ts";

export interface RateLimitOptions {
  /** Messages and payload bytes a second and connection; 0 without a limit. */
  readonly messagesPerSecondMax: number;
  readonly bytesPerSecondMax: number;
  /** Pings and pongs, likewise. */
  readonly controlFramesPerSecondMax: number;
}

/** A burst may be as large as what is allowed in this time. */
const burstMs = 1_000;

/**
 * Limits what each client sends per second, with a burst of one second. For each connection and
 * limit it keeps one number: the time at which the client, sending at the allowed rate, would
 * have finished sending what it has sent.
 */
export class RateLimits {
  readonly #clock: Clock;
  #msPerMessage = 0;
  #msPerByte = 0;
  #msPerControlFrame = 0;
  #messages: Float64Array = new Float64Array(0);
  #bytes: Float64Array = new Float64Array(0);
  #controlFrames: Float64Array = new Float64Array(0);

  constructor(clock: Clock, options: RateLimitOptions) {
    this.#clock = clock;
    this.limit(options);
  }

  /** Sets other limits. If there were none, the caller must call `opened` for all connections. */
  limit(options: RateLimitOptions): void {
    const { messagesPerSecondMax, bytesPerSecondMax, controlFramesPerSecondMax } = options;
    this.#msPerMessage = messagesPerSecondMax === 0 ? 0 : 1_000 / messagesPerSecondMax;
    this.#msPerByte = bytesPerSecondMax === 0 ? 0 : 1_000 / bytesPerSecondMax;
    this.#msPerControlFrame =
      controlFramesPerSecondMax === 0 ? 0 : 1_000 / controlFramesPerSecondMax;
  }

  get needed(): boolean {
    return this.#msPerMessage + this.#msPerByte + this.#msPerControlFrame > 0;
  }

  opened({ slot }: Connection): void {
    if (slot >= this.#messages.length) {
      this.#messages = grown(this.#messages, slot);
      this.#bytes = grown(this.#bytes, slot);
      this.#controlFrames = grown(this.#controlFrames, slot);
    }
    this.#messages[slot] = 0;
    this.#bytes[slot] = 0;
    this.#controlFrames[slot] = 0;
  }

  /** Counts what came. Returns the reason to close the connection if it passes a limit. */
  messageReceived({ slot }: Connection, messages: number, bytes: number): CloseReason | undefined {
    const now = this.#clock.ticks();
    const messagesUntil = Math.max(this.#messages[slot] as number, now);
    this.#messages[slot] = messagesUntil + messages * this.#msPerMessage;
    const bytesUntil = Math.max(this.#bytes[slot] as number, now);
    this.#bytes[slot] = bytesUntil + bytes * this.#msPerByte;
    // Half a millisecond of tolerance: sums of fractions are not exact.
    const end = now + burstMs + 0.5;
    if ((this.#messages[slot] as number) > end) return closeReasons.messageRate;
    return (this.#bytes[slot] as number) > end ? closeReasons.byteRate : undefined;
  }

  /** Counts pings and pongs that came. */
  controlled({ slot }: Connection, frames: number): CloseReason | undefined {
    const now = this.#clock.ticks();
    const until = Math.max(this.#controlFrames[slot] as number, now);
    this.#controlFrames[slot] = until + frames * this.#msPerControlFrame;
    return (this.#controlFrames[slot] as number) > now + burstMs + 0.5
      ? closeReasons.controlRate
      : undefined;
  }
}

function grown(from: Float64Array, slot: number): Float64Array {
  const to = new Float64Array(Math.max(slot + 1, from.length * 2, 64));
  to.set(from);
  return to;
}
