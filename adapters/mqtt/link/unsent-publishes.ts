import { ServiceError } from "../../../core/base/mod.ts";
import type { PublishDone } from "../../topics/mod.ts";
import { mqttLimits } from "./mqtt-limits.ts";

/**
 * The QoS 0 publishes that were written while the stream to the broker was full. They are answered
 * when it has room again, so that their publishers wait: nothing else would hold them up. Past a
 * number of bytes the next one is refused, unless the caller bounds them itself.
 */
export class UnsentPublishes {
  readonly #bounded: boolean;
  #waiting: PublishDone[] = [];
  #bytes = 0;

  constructor(bounded = true) {
    this.#bounded = bounded;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Why no further publish of so many bytes may be written; undefined if it may. */
  refusal(bytes: number): ServiceError | undefined {
    if (!this.#bounded || this.size === 0) return undefined;
    if (this.#bytes + bytes <= mqttLimits.unansweredBytesMax) return undefined;
    return new ServiceError("window-full", "too many bytes wait for the broker");
  }

  add(bytes: number, done: PublishDone): void {
    this.#waiting.push(done);
    this.#bytes += bytes;
  }

  /** The stream has room, or (with an error) it is gone. */
  answer(error?: ServiceError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    for (const done of waiting) done(error);
  }
}
