import type { ServiceError } from "../../core/base/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";
import { EchoWatch, type MqttLink } from "./link/mod.ts";

/** A bare batch of no commands: `[]` as MessagePack. */
const emptyBatch: Uint8Array = Uint8Array.of(0x90);

/** The connection that commands have. */
export type CommandLink = Pick<MqttLink, "up" | "version" | "publish">;

export interface CommandEchoOptions {
  /** Where this node sends commands to itself. */
  readonly topic: string;
  /** The rules that the broker should have for it. */
  readonly rules: string;
  /** What holds now: an error that names the topic and the rule, or that all is well. */
  readonly told: (error: ServiceError | undefined) => void;
}

/**
 * Whether a node hears its commands. mosquitto grants every SUBSCRIBE and applies `read` when it
 * delivers: a node that may not read its commands would look healthy. So it sends itself an empty
 * batch whenever it has subscribed, and again while none comes back.
 */
export class CommandEcho {
  readonly #options: CommandEchoOptions;
  readonly #link: CommandLink;
  readonly #echo: EchoWatch;
  #heard = false;
  /** The last connection ended over an empty batch: the next one is to last. */
  #ends = false;
  #spared = false;

  constructor(clock: Clock, link: CommandLink, options: CommandEchoOptions) {
    this.#link = link;
    this.#options = options;
    this.#echo = new EchoWatch(clock, {
      topic: options.topic,
      up: () => link.up,
      again: () => this.#publish(),
      // MQTT 5 says of a publish that it is refused: what it confirms may be written.
      writeTold: () => link.version === 5,
      hint: options.rules,
      told: (error) => {
        this.#ends = error !== undefined;
        options.told(error);
      },
    });
  }

  /** The connection stands and is subscribed, or is gone. */
  connected(connected: boolean): void {
    if (connected) {
      this.#heard = false;
      this.#spared = this.#ends;
      if (!this.#spared) this.#publish();
    }
    this.#ends = false;
    if (!connected) this.#echo.lost();
  }

  /** Now and then: whether a rule that was missing is there. */
  again(): void {
    if (!this.#heard && !this.#spared && this.#link.up) this.#publish();
  }

  /** True where it is the node's own empty batch, which nobody else is to see. */
  takes(topic: string, payload: Uint8Array): boolean {
    if (topic !== this.#options.topic || payload.byteLength !== emptyBatch.byteLength)
      return false;
    if (payload[0] !== emptyBatch[0]) return false;
    this.#heard = true;
    this.#echo.heard();
    return true;
  }

  stop(): void {
    this.#echo.stop();
  }

  #publish(): void {
    this.#echo.published();
    this.#link.publish(this.#options.topic, emptyBatch, (error) => this.#echo.answered(error));
  }
}
