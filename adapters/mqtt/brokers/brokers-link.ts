import type { ServiceError } from "../../../core/base/mod.ts";
import {
  type Brokers,
  type Link,
  type LinkListener,
  type LinkOptions,
  type LinkPorts,
  type PublishDone,
  parseNodePresence,
  parseOriginPresence,
  type SubscribeDone,
  startSome,
  type Topics,
} from "../../topics/mod.ts";
import { PresenceMerge } from "./presence-merge.ts";
import { SubscribeAll } from "./subscribe-all.ts";

/** What a link to several brokers needs of them. */
export interface LinkedBrokers extends Brokers {
  readonly names: readonly string[];
  readonly topics: Topics;
}

/**
 * A link to several brokers: it subscribes at each, and publishes each topic at one, so that what
 * is published to a topic keeps its order. It is up while one of its links is.
 */
export class BrokersLink implements Link {
  readonly #brokers: LinkedBrokers;
  readonly #ports: LinkPorts;
  readonly #role: string;
  readonly #links: readonly Link[];
  readonly #merge: PresenceMerge = new PresenceMerge();
  readonly #joins: SubscribeAll;
  readonly #isUp: (broker: number) => boolean;
  #listener: LinkListener | undefined;
  #diverts: boolean;
  #up = false;
  #arrivedFrom = 0;
  /** The presence that came last has changed at which brokers its process is. */
  #moved = false;

  constructor(options: LinkOptions, brokers: LinkedBrokers, ports: LinkPorts) {
    this.#brokers = brokers;
    this.#ports = ports;
    this.#role = options.role;
    this.#links = brokers.names.map((_, broker) => brokers.open(broker, options));
    this.#diverts = options.diverts ?? false;
    this.#isUp = (broker) => this.upAt(broker);
    this.#joins = new SubscribeAll(brokers.size, this.#isUp);
  }

  get up(): boolean {
    return this.#links.some(({ up }) => up);
  }

  get packetBytesMax(): number | undefined {
    let least: number | undefined;
    for (const { packetBytesMax } of this.#links) {
      if (packetBytesMax === undefined) continue;
      least = Math.min(least ?? packetBytesMax, packetBytesMax);
    }
    return least;
  }

  get reportsReasons(): boolean {
    return this.#links.every(({ reportsReasons }) => reportsReasons);
  }

  get oneAtATime(): boolean {
    return this.#links.some(({ oneAtATime }) => oneAtATime);
  }

  set oneAtATime(on: boolean) {
    for (const link of this.#links) link.oneAtATime = on;
  }

  get streamQos(): 0 | 1 {
    return this.#links[0]!.streamQos;
  }

  get arrivedFrom(): number {
    return this.#arrivedFrom;
  }

  upAt(broker: number): boolean {
    return this.#links[broker]?.up === true;
  }

  /** Its broker is there, for this process and for the node that the topic goes to. */
  reaches(topic: string): boolean {
    return this.#meets(topic, this.#ownerOf(topic));
  }

  async start(listener: LinkListener): Promise<void> {
    this.#listener = listener;
    const starts = this.#links.map((link, broker) =>
      link.start({
        connected: (connected) => this.#connected(broker, connected),
        message: (topic, payload, retained) => {
          if (this.#isNews(broker, topic, payload, retained)) {
            this.#arrivedFrom = broker;
            listener.message(topic, payload, retained);
          }
          if (!this.#moved) return;
          this.#moved = false;
          if (this.#up) listener.reachChanged?.(false);
        },
      }),
    );
    try {
      await startSome(starts, this.#ports.clock, (error, broker) => this.#refused(error, broker));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  publish(topic: string, payload: Uint8Array, done: PublishDone, retain?: boolean): void {
    this.#linkOf(topic).publish(topic, payload, done, retain);
  }

  publishAtMostOnce(topic: string, payload: Uint8Array, done: PublishDone, room?: number): void {
    this.#linkOf(topic).publishAtMostOnce(topic, payload, done, room);
  }

  subscribe(filter: string, done: SubscribeDone): void {
    const refusedLate = (broker: number): void => {
      const fields = { broker: this.#brokers.names[broker], role: this.#role, filter };
      const text = "a broker that came back does not grant the subscription";
      this.#ports.logger.log("warn", "subscription-refused", text, fields);
    };
    this.#joins.ask({ done, refusedLate }, (broker, answered) =>
      this.#links[broker]!.subscribe(filter, answered),
    );
  }

  unsubscribe(filter: string): void {
    for (const link of this.#links) link.unsubscribe(filter);
  }

  divert(): void {
    if (this.#diverts) return;
    this.#diverts = true;
    if (this.#up) this.#listener?.reachChanged?.(false);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.stop()));
  }

  #linkOf(topic: string): Link {
    return this.#links[this.#ownerOf(topic)]!;
  }

  #ownerOf(topic: string): number {
    const owner = this.#brokers.ownerOf(topic);
    if (!this.#diverts || this.#meets(topic, owner)) return owner;
    const other = this.#brokers.ownerOf(topic, (broker) => this.#meets(topic, broker));
    return this.#meets(topic, other) ? other : this.#brokers.ownerOf(topic, this.#isUp);
  }

  #meets(topic: string, broker: number): boolean {
    if (!this.upAt(broker)) return false;
    const { topics } = this.#brokers;
    const parsed = topics.parse(topic);
    if (parsed?.kind !== "node-commands") return true;
    return this.#merge.mayBeAt(topics.nodePresence(parsed.app, parsed.node), broker);
  }

  #connected(broker: number, connected: boolean): void {
    if (!connected) this.#merge.lost(broker);
    this.#joins.changed();
    const { up } = this;
    if (up !== this.#up) {
      this.#up = up;
      this.#listener?.connected(up);
    } else if (up) this.#listener?.reachChanged?.(connected);
  }

  /** Returns false for a presence that is older than what another broker has told. */
  #isNews(broker: number, topic: string, payload: Uint8Array, stored: boolean): boolean {
    const kind = topic.includes("/presence/") ? this.#brokers.topics.parse(topic)?.kind : "";
    if (kind !== "node-presence" && kind !== "origin-presence") return true;
    const parse = kind === "node-presence" ? parseNodePresence : parseOriginPresence;
    const presence = payload.byteLength === 0 ? undefined : parse(payload);
    // An unreadable presence is passed on: the caller reports what is wrong with it.
    if (payload.byteLength > 0 && presence === undefined) return true;
    const before = this.#merge.brokersOf(topic);
    const isNews = this.#merge.accepts(topic, { broker, presence, stored });
    this.#moved = this.#merge.brokersOf(topic) !== before;
    return isNews;
  }

  #refused({ message }: Error | ServiceError, broker: number): void {
    const fields = { broker: this.#brokers.names[broker], role: this.#role, reason: message };
    const text = "the broker refuses the connection; not trying again";
    this.#ports.logger.log("error", "broker-refused", text, fields);
  }
}
