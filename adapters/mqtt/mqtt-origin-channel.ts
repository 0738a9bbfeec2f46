import { limits, ServiceError } from "../../core/base/mod.ts";
import type {
  EventDestination,
  OriginChannel,
  OriginChannelListener,
} from "../../core/ports/mod.ts";
import { mqttLimits } from "./mqtt-limits.ts";
import { MqttLink } from "./mqtt-link.ts";
import type { MqttOptions, MqttPorts } from "./mqtt-options.ts";
import { Topics } from "./topics.ts";

interface Held {
  readonly topic: string;
  readonly batch: Uint8Array;
  readonly confirmed: (error?: ServiceError) => void;
  /** Answered by the broker, maybe before an earlier one was. */
  answered: boolean;
  error: ServiceError | undefined;
}

/**
 * Events over MQTT, on a connection that only publishes. Batches without PUBACK are held here and
 * published again after a reconnect, all at once and in order; the core's window bounds them.
 */
export class MqttOriginChannel implements OriginChannel {
  readonly #node: string;
  readonly #topics: Topics;
  readonly #link: MqttLink;
  #held: Held[] = [];

  constructor(options: MqttOptions, ports: MqttPorts) {
    const { url, version, tls, node } = options;
    this.#node = node;
    this.#topics = new Topics(options.root);
    this.#link = new MqttLink(
      { url, version, tls, name: `${node}-events`, role: "events" },
      ports,
    );
  }

  get batchBytesMax(): number {
    const packetBytesMax = this.#link.packetBytesMax ?? Number.POSITIVE_INFINITY;
    const topicBytesMax = 3 * this.#topics.root.length + 256;
    const room = packetBytesMax - topicBytesMax - mqttLimits.packetOverheadBytes;
    return Math.min(limits.batchBytesMax, Math.max(room, 0));
  }

  start(listener: OriginChannelListener): Promise<void> {
    return this.#link.start({
      connected: (connected) => {
        // What is repeated goes before anything new.
        if (connected) for (const held of [...this.#held]) this.#send(held);
        listener.connected(connected);
      },
      message: () => {},
    });
  }

  publish(
    destination: EventDestination,
    batch: Uint8Array<ArrayBuffer>,
    confirmed: (error?: ServiceError) => void,
  ): void {
    const topic = this.#topics.events(destination.app, destination.partition, this.#node);
    const held: Held = { topic, batch, confirmed, answered: false, error: undefined };
    this.#held.push(held);
    if (this.#link.up) this.#send(held);
  }

  async stop(): Promise<void> {
    await this.#link.stop();
    const lost = this.#held;
    this.#held = [];
    for (const { confirmed, error, answered } of lost) {
      confirmed(answered ? error : new ServiceError("broker-lost", "the channel is closed"));
    }
  }

  #send(held: Held): void {
    if (held.answered) return;
    this.#link.publish(held.topic, held.batch, (error) => {
      // Not lost: it is published again after the next connect.
      if (error?.code === "broker-lost") return;
      held.answered = true;
      held.error = error;
      this.#confirm();
    });
  }

  /** Confirms from the head on: brokers may answer out of order, the core counts in order. */
  #confirm(): void {
    let count = 0;
    while (this.#held[count]?.answered) count++;
    for (const { confirmed, error } of this.#held.splice(0, count)) confirmed(error);
  }
}
