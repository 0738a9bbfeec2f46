import { limits } from "../../core/base/mod.ts";
import type { Clock } from "../../core/ports/mod.ts";
import type {
  Link,
  LinkListener,
  LinkOptions,
  OpenLink,
  PublishDone,
  SubscribeDone,
} from "../topics/mod.ts";

/** The joined buses of the cluster, as a link uses them. */
export interface JoinedBus {
  /** Publishes in the bus of this process and to the peers that the topic concerns. */
  publish(
    local: Link,
    message: { readonly topic: string; readonly payload: Uint8Array; readonly retain: boolean },
    done: PublishDone,
  ): void;
  /** One more link of this process subscribes a filter (1), or one less (-1). */
  subscribed(filter: string, count: 1 | -1): void;
}

interface ClusterLinkPorts {
  readonly openLocal: OpenLink;
  readonly clock: Clock;
}

/** A link to the bus of this process, whose publishes also reach the peers. */
export class ClusterLink implements Link {
  readonly #local: Link;
  readonly #bus: JoinedBus;
  readonly #clock: Clock;
  readonly #filters: Set<string> = new Set();
  #unanswered = 0;
  #stopped = false;
  #idle: () => void = () => {};

  constructor(options: LinkOptions, bus: JoinedBus, { openLocal, clock }: ClusterLinkPorts) {
    this.#local = openLocal(options);
    this.#bus = bus;
    this.#clock = clock;
    for (const filter of options.filters ?? []) this.#add(filter);
  }

  get up(): boolean {
    return this.#local.up;
  }

  get packetBytesMax(): number | undefined {
    return this.#local.packetBytesMax;
  }

  get reportsReasons(): boolean {
    return this.#local.reportsReasons;
  }

  get oneAtATime(): boolean {
    return this.#local.oneAtATime;
  }

  set oneAtATime(one: boolean) {
    this.#local.oneAtATime = one;
  }

  get streamQos(): 0 | 1 {
    return this.#local.streamQos;
  }

  start(listener: LinkListener): Promise<void> {
    return this.#local.start(listener);
  }

  publish(topic: string, payload: Uint8Array, done: PublishDone, retain: boolean = false): void {
    this.#unanswered++;
    this.#bus.publish(this.#local, { topic, payload, retain }, (error, hasSubscriber) => {
      this.#unanswered--;
      done(error, hasSubscriber);
      if (this.#unanswered === 0) this.#idle();
    });
  }

  publishAtMostOnce(topic: string, payload: Uint8Array, done: PublishDone): void {
    this.publish(topic, payload, done);
  }

  subscribe(filter: string, done: SubscribeDone): void {
    this.#add(filter);
    this.#local.subscribe(filter, done);
  }

  unsubscribe(filter: string): void {
    if (this.#filters.delete(filter)) this.#bus.subscribed(filter, -1);
    this.#local.unsubscribe(filter);
  }

  async stop(): Promise<void> {
    if (this.#unanswered > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
        this.#clock.after(limits.shutdownFlushMs, resolve);
      });
    }
    for (const filter of this.#filters) this.#bus.subscribed(filter, -1);
    this.#filters.clear();
    this.#stopped = true;
    await this.#local.stop();
  }

  #add(filter: string): void {
    if (this.#stopped || this.#filters.has(filter)) return;
    this.#filters.add(filter);
    this.#bus.subscribed(filter, 1);
  }
}
