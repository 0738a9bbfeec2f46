import type { Random } from "../../../core/ports/mod.ts";
import { mqttLimits } from "./mqtt-limits.ts";

/**
 * Exponential backoff with jitter, so that many clients do not all connect at once to a broker
 * that was restarted.
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

  /** Milliseconds to wait after one more failure: half of the step up to all of it. */
  next(): number {
    const step = Math.min(mqttLimits.reconnectMsMin * 2 ** this.#failures, this.#msMax);
    this.#failures = Math.min(this.#failures + 1, 16);
    const [byte = 0] = this.#random.fill(new Uint8Array(1));
    return Math.round(step * (0.5 + byte / 512));
  }
}
