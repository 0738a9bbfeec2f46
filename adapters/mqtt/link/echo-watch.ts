import { ServiceError } from "../../../core/base/mod.ts";
import type { Cancel, Clock } from "../../../core/ports/mod.ts";
import { mqttLimits } from "./mqtt-limits.ts";

export interface EchoWatchOptions {
  /** Published to and subscribed by the same client. */
  readonly topic: string;
  /** Whether the connection stands. */
  readonly up: () => boolean;
  /** Publishes again: a broker that stands still must not be taken for one that refuses. */
  readonly again: () => void;
  /** Whether the broker says of a publish that it is refused; it is not known otherwise. */
  readonly writeTold?: () => boolean;
  /** What may be wrong, for the error. */
  readonly hint: string;
  /** What holds now: an error that names the topic and the rule, or that all is well. */
  readonly told: (error: ServiceError | undefined) => void;
}

/**
 * Whether a client may write and read a topic of its own. MQTT 5 says so of a publish; a broker of
 * MQTT 3.1.1 confirms what it throws away, or ends the connection. What it delivers comes back.
 */
export class EchoWatch {
  readonly #clock: Clock;
  readonly #options: EchoWatchOptions;
  #waiting = false;
  #timing = false;
  /** It should have come back by now. */
  #overdue = false;
  #losses = 0;
  #cancel: Cancel = () => {};

  constructor(clock: Clock, options: EchoWatchOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Something was published. */
  published(): void {
    this.#waiting = true;
  }

  /** The broker has answered a publish: what it has is to come back. */
  answered(error: ServiceError | undefined): void {
    if (error?.code === "publish-refused") this.#conclude("write", "it refuses the publish");
    if (error !== undefined || !this.#waiting) return;
    // The broker lives: one that stood still would have delivered the first before this answer.
    if (this.#overdue) {
      const rule = this.#options.writeTold?.() ? "read" : "read and write";
      this.#conclude(rule, "what it confirms does not come back");
    }
    if (this.#timing || !this.#waiting) return;
    this.#timing = true;
    this.#wait();
  }

  #wait(): void {
    const due = this.#clock.now() + mqttLimits.echoMs;
    this.#cancel = this.#clock.after(mqttLimits.echoMs, () => {
      // What came meanwhile waits unread: this process was stopped, or too busy to read it.
      if (this.#clock.now() - due > mqttLimits.stallMs) this.#wait();
      // The broker is away, and with it the answer: what is published next is waited for.
      else if (!this.#options.up()) this.#stop();
      else {
        this.#overdue = true;
        this.#options.again();
      }
    });
  }

  /** It came back. */
  heard(): void {
    this.#stop();
    this.#losses = 0;
    this.#options.told(undefined);
  }

  /** The connection is gone. */
  lost(): void {
    if (!this.#waiting) return;
    this.#stop();
    this.#losses++;
    if (this.#losses < mqttLimits.echoLossesMax) return;
    this.#conclude("read and write", "it ends the connection over a publish");
  }

  stop(): void {
    this.#stop();
  }

  #stop(): void {
    this.#waiting = false;
    this.#timing = false;
    this.#overdue = false;
    this.#cancel();
  }

  #conclude(rule: string, why: string): void {
    this.#stop();
    const { topic, hint, told } = this.#options;
    const text = `the broker's access rules do not let this user ${rule} ${topic}`;
    told(new ServiceError("broker-refused", `${text}: ${why}; ${hint}`));
  }
}
