import type { Random } from "../../../core/ports/mod.ts";
import { mqttLimits } from "./mqtt-limits.ts";

/**
 * Waits before connecting again: doubling, with jitter, so that a fleet does not come back to a
 * restarted broker all at once.
 */
export class Backoff {
  readonly #random: Random;
  readonly #msMax: number;
  #failures = 0;

  constructor(random: Random, msMax: number = mqttLimits.reconnectMsMax) {
    this.#random = random;
    this.#msMax = msMax;
  }

  reset(): void {
    this.#failures = 0;
  }

  /** Milliseconds to wait after one more failure: between half of the step and all of it. */
  next(): number {
    const step = Math.min(mqttLimits.reconnectMsMin * 2 ** this.#failures, this.#msMax);
    this.#failures = Math.min(this.#failures + 1, 16);
    const [byte = 0] = this.#random.fill(new Uint8Array(1));
    return Math.round(step * (0.5 + byte / 512));
  }
}
