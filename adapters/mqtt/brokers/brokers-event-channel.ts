import type { ServiceError } from "../../../core/base/mod.ts";
import type {
  Clock,
  EventChannel,
  EventChannelListener,
  EventDestination,
  OriginDestination,
} from "../../../core/ports/mod.ts";
import { startSome } from "../../topics/mod.ts";
import type { LinkedBrokers } from "./brokers-link.ts";
import { PresenceMerge } from "./presence-merge.ts";

type Destination = EventDestination | OriginDestination;

export interface BrokersChannelOptions {
  readonly node: string;
  readonly clock: Clock;
  /** A broker refuses this node for good, after `start` has resolved. */
  readonly refused: (broker: string, error: Error) => void;
}

/**
 * Events over several brokers, each with an event channel of its own. The events of a destination
 * travel over one of them. It is connected while one of them is.
 */
export class BrokersEventChannel implements EventChannel {
  readonly #brokers: LinkedBrokers;
  readonly #channels: readonly EventChannel[];
  readonly #options: BrokersChannelOptions;
  readonly #merge: PresenceMerge = new PresenceMerge();
  readonly #up: boolean[];
  readonly #isUp: (broker: number) => boolean;
  #listener: EventChannelListener | undefined;
  #diverts = false;

  constructor(
    brokers: LinkedBrokers,
    channels: readonly EventChannel[],
    options: BrokersChannelOptions,
  ) {
    this.#brokers = brokers;
    this.#channels = channels;
    this.#options = options;
    this.#up = channels.map(() => false);
    this.#isUp = (broker) => this.#up[broker] === true;
  }

  /** What fits into a packet of each broker. */
  get batchBytesMax(): number {
    return Math.min(...this.#channels.map(({ batchBytesMax }) => batchBytesMax));
  }

  get knowsSubscribers(): boolean {
    return this.#channels.every(({ knowsSubscribers }) => knowsSubscribers);
  }

  start(listener: EventChannelListener): Promise<void> {
    this.#listener = listener;
    const starts = this.#channels.map((channel, broker) =>
      channel.start({
        connected: (connected) => this.#connected(broker, connected),
        origin: (app, name, presence, stored = false) => {
          const key = `${app}/${name}`;
          const before = this.#merge.brokersOf(key);
          if (this.#merge.accepts(key, { broker, presence, stored })) {
            listener.origin(app, name, presence, stored);
          }
          if (this.#merge.brokersOf(key) !== before) this.#tell();
        },
      }),
    );
    const { clock, refused } = this.#options;
    return startSome(starts, clock, (error, broker) =>
      refused(this.#brokers.names[broker] ?? "", error),
    );
  }

  /** Whether this node and the destination are both connected to the broker between them. */
  reaches(destination: Destination): boolean {
    const owner = this.#brokers.ownerOf(this.#topicOf(destination));
    if (this.#meets(destination, owner)) return true;
    return this.#diverts && this.#up.some((_, broker) => this.#meets(destination, broker));
  }

  /** Uses another broker if its own is away. Only bare batches come then: streams wait for it. */
  publish(
    destination: Destination,
    batch: Uint8Array<ArrayBuffer>,
    confirmed: (error?: ServiceError) => void,
  ): void {
    this.#channelOf(destination).publish(destination, batch, confirmed);
  }

  publishAtMostOnce(
    destination: OriginDestination,
    batch: Uint8Array<ArrayBuffer>,
    sent: (error?: ServiceError) => void,
    room?: number,
  ): void {
    this.#channelOf(destination).publishAtMostOnce(destination, batch, sent, room);
  }

  /** The node is ending: from now on, streams whose broker is away use another one. */
  divert(): void {
    this.#diverts = true;
    this.#tell();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.stop()));
  }

  #channelOf(destination: Destination): EventChannel {
    const topic = this.#topicOf(destination);
    const meets = (broker: number): boolean => this.#meets(destination, broker);
    const owner = this.#brokers.ownerOf(topic, meets);
    if (meets(owner)) return this.#channels[owner]!;
    return this.#channels[this.#brokers.ownerOf(topic, this.#isUp)]!;
  }

  #meets(destination: Destination, broker: number): boolean {
    if (!this.#isUp(broker)) return false;
    if (!("origin" in destination)) return true;
    return this.#merge.mayBeAt(`${destination.app}/${destination.origin}`, broker);
  }

  /** Reports that `reaches` has other answers than before. */
  #tell(): void {
    if (this.#up.includes(true)) this.#listener?.connected(true);
  }

  #topicOf(destination: Destination): string {
    const { node } = this.#options;
    const { topics } = this.#brokers;
    return "origin" in destination
      ? topics.originEvents(destination.app, destination.origin, node)
      : topics.events(destination.app, destination.partition, node);
  }

  #connected(broker: number, connected: boolean): void {
    this.#up[broker] = connected;
    if (!connected) this.#merge.lost(broker);
    this.#listener?.connected(this.#up.includes(true));
  }
}
