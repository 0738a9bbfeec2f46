import { limits, ServiceError } from "../../core/base/mod.ts";
import type {
  EventChannel,
  EventChannelListener,
  EventDestination,
  OriginDestination,
} from "../../core/ports/mod.ts";
import { type BusPorts, type Link, packetOverheadBytes, Topics } from "../topics/mod.ts";
import type { MqttOptions } from "./mqtt-options.ts";
import { OriginPresenceLink } from "./origin-presence.ts";
import { PoisonGuard } from "./poison-guard.ts";

const noSubscriber = new ServiceError("no-subscriber", "the events have no subscriber");

/**
 * Events over MQTT, on a connection that only publishes; the presence of origins has another. It
 * keeps no batch: the core's streams bound what is on its way, and repeat it.
 */
export class MqttEventChannel implements EventChannel {
  readonly #node: string;
  readonly #topics: Topics;
  readonly #link: Link;
  readonly #guard: PoisonGuard;
  readonly #origins: OriginPresenceLink;

  constructor(options: MqttOptions, ports: BusPorts) {
    const { node } = options;
    this.#node = node;
    this.#topics = new Topics(options.root);
    // The windows of the core's streams bound what is published, in bytes.
    const events = { name: `${node}-events`, role: "events", bounded: false };
    this.#link = ports.openLink(events);
    this.#guard = new PoisonGuard(this.#link, ports);
    this.#origins = new OriginPresenceLink(options, ports);
  }

  get batchBytesMax(): number {
    const packetBytesMax = this.#link.packetBytesMax ?? Number.POSITIVE_INFINITY;
    // Room for the longest topic, as the link counts it: three bytes for each character.
    const topicBytesMax = 3 * (this.#topics.root.length + 256);
    const room = packetBytesMax - topicBytesMax - packetOverheadBytes;
    return Math.min(limits.batchBytesMax, Math.max(room, 0), this.#guard.bytesMax);
  }

  /** Only MQTT 5 says whether anybody subscribes (3.4.2.1). */
  get knowsSubscribers(): boolean {
    return this.#link.reportsReasons;
  }

  async start(listener: EventChannelListener): Promise<void> {
    // Connected means both links: without presence the node does not know whether an origin lives.
    let reported = false;
    const reportConnected = (): void => {
      const connected = this.#link.up && this.#origins.up;
      if (connected === reported) return;
      reported = connected;
      listener.connected(connected);
    };
    const events = this.#link.start({
      connected: (up) => {
        this.#guard.connected(up);
        reportConnected();
      },
      message: () => {},
    });
    const origins = this.#origins.start({
      connected: reportConnected,
      origin: (...presence) => listener.origin(...presence),
    });
    await Promise.all([events, origins]);
  }

  publish(
    destination: EventDestination | OriginDestination,
    batch: Uint8Array<ArrayBuffer>,
    confirmed: (error?: ServiceError) => void,
  ): void {
    const { app } = destination;
    const topic =
      "origin" in destination
        ? this.#topics.originEvents(app, destination.origin, this.#node)
        : this.#topics.events(app, destination.partition, this.#node);
    // That nobody subscribes matters in open mode alone: an origin's end is told by its presence.
    const isOpen = !("origin" in destination);
    this.#guard.publish(topic, batch, (error, subscribers = true) => {
      confirmed(error ?? (isOpen && !subscribers ? noSubscriber : undefined));
    });
  }

  publishAtMostOnce(
    destination: OriginDestination,
    batch: Uint8Array<ArrayBuffer>,
    sent: (error?: ServiceError) => void,
    room?: number,
  ): void {
    if (this.#link.streamQos === 1) {
      this.publish(destination, batch, sent);
      return;
    }
    const { app, origin } = destination;
    const topic = this.#topics.originEvents(app, origin, this.#node);
    this.#guard.publishAtMostOnce(topic, batch, (error) => sent(error), room);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#link.stop(), this.#origins.stop()]);
  }
}
