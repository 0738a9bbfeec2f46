import { afterAwake, ServiceError } from "../../core/base/mod.ts";
import type { Cancel, Clock } from "../../core/ports/mod.ts";
import { loopbackLimits } from "./loopback-limits.ts";

export interface LoopbackCheckOptions {
  /** The topic that this client both publishes to and subscribes. */
  readonly topic: string;
  readonly up: () => boolean;
  /** Publishes once more: its PUBACK shows that the broker works, and is not just slow. */
  readonly publishProbe: () => void;
  /** True if a refused publish has a reason code (MQTT 5): only `read` can be missing. */
  readonly brokerReportsRefusal?: () => boolean;
  /** What the operator may check; it ends the error's text. */
  readonly hint: string;
  /** The result: undefined if all is well, or an error that names the topic and the rule. */
  readonly onResult: (error: ServiceError | undefined) => void;
}

/**
 * Checks whether the broker's access rules let a client write and read a topic of its own: what it
 * publishes there must come back. MQTT 5 has a reason code for a refused publish (3.4.2.1). A
 * broker of MQTT 3.1.1 confirms a message that it drops, or ends the connection (3.3.5).
 */
export class LoopbackCheck {
  readonly #clock: Clock;
  readonly #options: LoopbackCheckOptions;
  #waiting = false;
  #timing = false;
  /** The first publish should have come back by now. */
  #overdue = false;
  #losses = 0;
  /** What was told when the broker refused the publish; until it confirms one. */
  #refusal: ServiceError | undefined;
  #cancel: Cancel = () => {};

  constructor(clock: Clock, options: LoopbackCheckOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  published(): void {
    this.#waiting = true;
  }

  /** The broker has answered the publish: from now on it must come back in time. */
  answered(error: ServiceError | undefined): void {
    if (error?.code === "publish-refused") {
      this.#refusal = this.#missing("write", "it refuses the publish");
      this.#conclude(this.#refusal);
    }
    if (error === undefined) this.#refusal = undefined;
    if (error !== undefined || !this.#waiting) return;
    // The broker works: it would have delivered the first publish before it answered the second.
    if (this.#overdue) {
      const rule = this.#options.brokerReportsRefusal?.() ? "read" : "read and write";
      this.#conclude(this.#missing(rule, "what it confirms does not come back"));
    }
    if (this.#timing || !this.#waiting) return;
    this.#timing = true;
    this.#wait();
  }

  #wait(): void {
    this.#cancel = afterAwake(this.#clock, loopbackLimits.loopbackMs, () => {
      // The connection is gone, and with it the answer. The next publish is checked.
      if (!this.#options.up()) this.#stop();
      else {
        this.#overdue = true;
        this.#options.publishProbe();
      }
    });
  }

  received(): void {
    this.#stop();
    this.#losses = 0;
    this.#refusal = undefined;
    this.#options.onResult(undefined);
  }

  disconnected(): void {
    if (!this.#waiting) return;
    this.#stop();
    this.#losses++;
    if (this.#losses < loopbackLimits.loopbackLossesMax) return;
    // A broker that refuses a publish and then ends the connection has said what is missing.
    const ends = "it ends the connection over a publish";
    this.#conclude(this.#refusal ?? this.#missing("read and write", ends));
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

  #conclude(error: ServiceError): void {
    this.#stop();
    this.#options.onResult(error);
  }

  #missing(rule: string, why: string): ServiceError {
    const { topic, hint } = this.#options;
    const text = `the broker's access rules do not let this user ${rule} ${topic}`;
    return new ServiceError("broker-refused", `${text}: ${why}; ${hint}`);
  }
}
