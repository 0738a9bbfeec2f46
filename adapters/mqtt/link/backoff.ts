import { backOffMs, jittered, randomFraction } from "../../../core/base/mod.ts";
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
    const range = { msMin: mqttLimits.reconnectMsMin, msMax: this.#msMax };
    const step = backOffMs(this.#failures, range);
    this.#failures++;
    return Math.round(jittered(step, randomFraction(this.#random)));
  }
}
