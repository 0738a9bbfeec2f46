import type { ServiceError } from "../../core/base/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";
import { type Link, LoopbackCheck } from "../topics/mod.ts";

/** A bare batch of no commands: `[]` as MessagePack. */
const emptyBatch: Uint8Array = Uint8Array.of(0x90);

/** What the check needs of the connection for commands. */
export type CommandLink = Pick<Link, "up" | "reportsReasons" | "publish">;

export interface CommandLoopbackOptions {
  /** The topic on which this node sends a command to itself. */
  readonly topic: string;
  /** The access rules that the broker needs for it; they end the error's text. */
  readonly rules: string;
  /** The result: undefined if all is well, or an error that names the topic and the rule. */
  readonly onResult: (error: ServiceError | undefined) => void;
}

/**
 * Checks whether a node receives its commands. mosquitto grants every SUBSCRIBE and applies `read`
 * when it delivers, so a node that may not read its commands would look healthy. The node sends
 * itself an empty batch each time it has subscribed, and again while none comes back.
 */
export class CommandLoopback {
  readonly #options: CommandLoopbackOptions;
  readonly #link: CommandLink;
  readonly #loopback: LoopbackCheck;
  #received = false;
  /** The broker has just ended a connection over an empty batch. */
  #failed = false;
  /** This session therefore sends no empty batch, so it is not ended. */
  #skipped = false;

  constructor(clock: Clock, link: CommandLink, options: CommandLoopbackOptions) {
    this.#link = link;
    this.#options = options;
    this.#loopback = new LoopbackCheck(clock, {
      topic: options.topic,
      up: () => link.up,
      publishProbe: () => this.#publish(),
      // MQTT 5, 3.4.2.1: a refused publish has a reason code, so a confirmed one was permitted.
      brokerReportsRefusal: () => link.reportsReasons,
      hint: options.rules,
      onResult: (error) => {
        this.#failed = error !== undefined;
        options.onResult(error);
      },
    });
  }

  /** The node has connected and subscribed, or has lost the connection. */
  connected(connected: boolean): void {
    if (connected) {
      this.#received = false;
      this.#skipped = this.#failed;
      if (!this.#skipped) this.#publish();
    }
    this.#failed = false;
    if (!connected) this.#loopback.disconnected();
  }

  /** Called with each heartbeat: checks again, because a missing rule may have been added. */
  again(): void {
    if (!this.#received && !this.#skipped && this.#link.up) this.#publish();
  }

  /** True if the message is the node's own empty batch: it is no command. */
  takes(topic: string, payload: Uint8Array): boolean {
    if (topic !== this.#options.topic || payload.byteLength !== emptyBatch.byteLength)
      return false;
    if (payload[0] !== emptyBatch[0]) return false;
    this.#received = true;
    this.#loopback.received();
    return true;
  }

  stop(): void {
    this.#loopback.stop();
  }

  #publish(): void {
    this.#loopback.published();
    this.#link.publish(this.#options.topic, emptyBatch, (error) => this.#loopback.answered(error));
  }
}
