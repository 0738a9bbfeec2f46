import { limits, ServiceError } from "../../core/base/mod.ts";
import type {
  EventChannel,
  EventChannelListener,
  EventDestination,
  OriginDestination,
} from "../../core/ports/mod.ts";
import { MqttLink, type MqttOptions, type MqttPorts, mqttLimits } from "./link/mod.ts";
import { OriginPresenceLink } from "./origin-presence.ts";
import { PoisonGuard } from "./poison-guard.ts";
import { Topics } from "./wire/mod.ts";

const unheard = new ServiceError("no-subscriber", "nobody subscribes to these events");

interface Held {
  readonly topic: string;
  readonly batch: Uint8Array;
  readonly confirmed: (error?: ServiceError) => void;
  /** Answered by the broker, maybe before an earlier one was. */
  answered: boolean;
  error: ServiceError | undefined;
}

/**
 * Events over MQTT, on a connection that only publishes; the presence of origins has another.
 * Batches to a partition without PUBACK are held here and published again after a reconnect, all
 * at once and in order; the core's window bounds them. What goes to an origin the core repeats.
 */
export class MqttEventChannel implements EventChannel {
  readonly #node: string;
  readonly #topics: Topics;
  readonly #link: MqttLink;
  readonly #careful: PoisonGuard;
  readonly #origins: OriginPresenceLink;
  readonly #ports: MqttPorts;
  #held: Held[] = [];
  /** After a reconnect the first batch asks whether subscribers are back; the rest waits. */
  #askUntil = 0;
  #asking = false;
  #everConnected = false;

  constructor(options: MqttOptions, ports: MqttPorts) {
    const { url, version, tls, node } = options;
    this.#node = node;
    this.#topics = new Topics(options.root);
    // The windows of the core's streams bound what is published, in bytes: here a batch that was
    // refused would be lost.
    const events = { name: `${node}-events`, role: "events", bounded: false };
    this.#link = new MqttLink({ url, version, tls, ...events }, ports);
    this.#careful = new PoisonGuard(this.#link, ports);
    this.#origins = new OriginPresenceLink(options, ports);
    this.#ports = ports;
  }

  get batchBytesMax(): number {
    const packetBytesMax = this.#link.packetBytesMax ?? Number.POSITIVE_INFINITY;
    // As the link counts them, with names of any length.
    const topicBytesMax = 3 * (this.#topics.root.length + 256);
    const room = packetBytesMax - topicBytesMax - mqttLimits.packetOverheadBytes;
    return Math.min(limits.batchBytesMax, Math.max(room, 0), this.#careful.bytesMax);
  }

  async start(listener: EventChannelListener): Promise<void> {
    // Both or none: without presence nobody knows whether an origin lives.
    let told = false;
    const tell = (): void => {
      const connected = this.#link.up && this.#origins.up;
      if (connected === told) return;
      told = connected;
      if (connected) this.#repeat();
      listener.connected(connected);
    };
    const events = this.#link.start({
      connected: (up) => {
        this.#careful.connected(up);
        tell();
      },
      message: () => {},
    });
    const origins = this.#origins.start({
      connected: tell,
      origin: (app, name, presence) => listener.origin(app, name, presence),
    });
    await Promise.all([events, origins]);
  }

  publish(
    destination: EventDestination | OriginDestination,
    batch: Uint8Array<ArrayBuffer>,
    confirmed: (error?: ServiceError) => void,
  ): void {
    if ("origin" in destination) {
      const { app, origin } = destination;
      this.#careful.publish(this.#topics.originEvents(app, origin, this.#node), batch, confirmed);
      return;
    }
    const topic = this.#topics.events(destination.app, destination.partition, this.#node);
    const held: Held = { topic, batch, confirmed, answered: false, error: undefined };
    this.#held.push(held);
    if (!this.#link.up) return;
    if (!this.#asking) this.#send(held);
    else if (this.#link.version === 5 && this.#held.length === 1) this.#ask();
  }

  /**
   * What is repeated goes before anything new. The broker's other clients come back about now too:
   * what is published before they have subscribed again is lost to them, although it is confirmed.
   */
  #repeat(): void {
    const again = this.#everConnected;
    this.#everConnected = true;
    if (!again) {
      this.#sendAll();
      return;
    }
    this.#asking = true;
    this.#askUntil = this.#ports.clock.now() + mqttLimits.resubscribeMsMax;
    if (this.#link.version === 5) this.#ask();
    else this.#ports.clock.after(mqttLimits.resubscribeMs, () => this.#sendAll());
  }

  #ask(): void {
    const [first] = this.#held;
    if (first !== undefined) this.#send(first);
  }

  #sendAll(): void {
    this.#asking = false;
    for (const held of [...this.#held]) this.#send(held);
  }

  /** True where the batch is asked again later, because nobody heard it. */
  #askAgain(): boolean {
    if (this.#ports.clock.now() >= this.#askUntil) return false;
    this.#ports.clock.after(mqttLimits.resubscribeEveryMs, () => this.#ask());
    return true;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#link.stop(), this.#origins.stop()]);
    const lost = this.#held;
    this.#held = [];
    for (const { confirmed, error, answered } of lost) {
      confirmed(answered ? error : new ServiceError("broker-lost", "the channel is closed"));
    }
  }

  #send(held: Held): void {
    if (held.answered) return;
    // Held while the broker came back with a smaller limit, or while its limit was found out.
    if (held.batch.length > this.batchBytesMax) {
      this.#answered(held, new ServiceError("batch-too-big", "above the broker's limit"));
      return;
    }
    this.#careful.publish(held.topic, held.batch, (error, heard = true) => {
      // Not lost: it is published again after the next connect.
      if (error?.code === "broker-lost") return;
      if (this.#asking && !heard && this.#askAgain()) return;
      this.#answered(held, error ?? (heard ? undefined : unheard));
    });
  }

  #answered(held: Held, error: ServiceError | undefined): void {
    held.answered = true;
    held.error = error;
    if (this.#asking) this.#sendAll();
    this.#confirm();
  }

  /** Confirms from the head on: brokers may answer out of order, the core counts in order. */
  #confirm(): void {
    let count = 0;
    while (this.#held[count]?.answered) count++;
    for (const { confirmed, error } of this.#held.splice(0, count)) confirmed(error);
  }
}
