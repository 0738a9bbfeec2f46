import { ServiceError } from "../../core/base/mod.ts";
import type {
  Link,
  LinkListener,
  LinkOptions,
  OpenLink,
  PublishDone,
  SubscribeDone,
} from "../topics/mod.ts";
import { filterMatches, hasWildcard } from "./topic-filter.ts";

/** Retained topics at most: one presence for each node and origin. */
const retainedTopicsMax = 10_000;
/** Topics of which the bus remembers the receivers. */
const knownTopicsMax = 10_000;

/**
 * A bus of topics inside this process: what a broker is for links, without connections and
 * packets. It delivers after the caller has returned, in the order of the publishes, before the
 * event loop goes on. It is never lost, and nothing waits in it longer than that.
 */
export class InProcessBus {
  /** Links that subscribe a filter, by filter. */
  readonly #subscribers: Map<string, Set<InProcessLink>> = new Map();
  readonly #retained: Map<string, Uint8Array> = new Map();
  /** The receivers of a topic, found once; forgotten with every change of the subscriptions. */
  readonly #receivers: Map<string, readonly InProcessLink[]> = new Map();

  /** Makes a link to this bus. */
  readonly open: OpenLink = (options) => new InProcessLink(this, options);

  subscribe(link: InProcessLink, filter: string): void {
    const links = this.#subscribers.get(filter) ?? new Set();
    links.add(link);
    this.#subscribers.set(filter, links);
    this.#receivers.clear();
    if (hasWildcard(filter)) {
      for (const topic of this.#retained.keys()) {
        if (filterMatches(filter, topic)) this.#deliverRetained(link, filter, topic);
      }
    } else if (this.#retained.has(filter)) this.#deliverRetained(link, filter, filter);
  }

  unsubscribe(link: InProcessLink, filter: string): void {
    const links = this.#subscribers.get(filter);
    links?.delete(link);
    if (links?.size === 0) this.#subscribers.delete(filter);
    this.#receivers.clear();
  }

  publish(topic: string, payload: Uint8Array, done: PublishDone, retain: boolean): void {
    queueMicrotask(() => {
      const error = retain ? this.#retain(topic, payload) : undefined;
      if (error !== undefined) {
        done(error);
        return;
      }
      const receivers = this.#receiversOf(topic);
      for (const link of receivers) link.deliver(topic, payload, false);
      done(undefined, receivers.length > 0);
    });
  }

  /** MQTT 3.1.1, 3.3.1.3: an empty payload clears what was retained. */
  #retain(topic: string, payload: Uint8Array): ServiceError | undefined {
    if (payload.byteLength === 0) this.#retained.delete(topic);
    else if (this.#retained.has(topic) || this.#retained.size < retainedTopicsMax) {
      this.#retained.set(topic, payload);
    } else return new ServiceError("publish-refused", `${topic}: too many retained topics`);
    return undefined;
  }

  /** The retained message as it is when it is delivered: it may have changed by then. */
  #deliverRetained(link: InProcessLink, filter: string, topic: string): void {
    queueMicrotask(() => {
      const payload = this.#retained.get(topic);
      if (payload === undefined || !this.#subscribers.get(filter)?.has(link)) return;
      link.deliver(topic, payload, true);
    });
  }

  /** Each link once, however many of its filters match. */
  #receiversOf(topic: string): readonly InProcessLink[] {
    const known = this.#receivers.get(topic);
    if (known !== undefined) return known;
    const links = new Set<InProcessLink>(this.#subscribers.get(topic));
    for (const [filter, subscribers] of this.#subscribers) {
      if (!hasWildcard(filter) || !filterMatches(filter, topic)) continue;
      for (const link of subscribers) links.add(link);
    }
    const receivers = [...links];
    if (this.#receivers.size >= knownTopicsMax) this.#receivers.clear();
    this.#receivers.set(topic, receivers);
    return receivers;
  }
}

/** A link to the bus of its process. */
class InProcessLink implements Link {
  readonly #bus: InProcessBus;
  readonly #options: LinkOptions;
  readonly #filters: Set<string> = new Set();
  /** Subscriptions whose `done` was not called yet, by filter. */
  readonly #granting: Map<string, SubscribeDone> = new Map();
  /** Publishes that the bus has not answered. */
  #unanswered = 0;
  #state: "new" | "up" | "stopped" = "new";
  #listener: LinkListener | undefined;
  #idle: () => void = () => {};
  readonly packetBytesMax: undefined;
  readonly reportsReasons: boolean = true;
  /** Every publish is answered before the event loop goes on. */
  oneAtATime = false;
  readonly streamQos = 1;

  constructor(bus: InProcessBus, options: LinkOptions) {
    this.#bus = bus;
    this.#options = options;
  }

  get up(): boolean {
    return this.#state === "up";
  }

  async start(listener: LinkListener): Promise<void> {
    this.#listener = listener;
    for (const filter of this.#options.filters ?? []) this.#subscribe(filter);
    for (const filter of this.#filters) this.#bus.subscribe(this, filter);
    this.#state = "up";
    listener.connected(true);
  }

  publish(topic: string, payload: Uint8Array, done: PublishDone, retain = false): void {
    if (!this.up) {
      done(new ServiceError("broker-lost", "the link is not connected"));
      return;
    }
    this.#unanswered++;
    const answered: PublishDone = (error, hasSubscriber) => {
      this.#unanswered--;
      done(error, hasSubscriber);
      if (this.#unanswered === 0) this.#idle();
    };
    this.#bus.publish(topic, payload, answered, retain);
  }

  publishAtMostOnce(topic: string, payload: Uint8Array, done: PublishDone): void {
    this.publish(topic, payload, done);
  }

  subscribe(filter: string, done: SubscribeDone): void {
    if (this.#state === "stopped") {
      done(new ServiceError("broker-lost", "the link is not connected"));
      return;
    }
    this.#subscribe(filter);
    this.#granting.set(filter, done);
    queueMicrotask(() => {
      if (this.#granting.get(filter) !== done) return;
      this.#granting.delete(filter);
      done();
    });
  }

  unsubscribe(filter: string): void {
    if (this.#filters.delete(filter) && this.up) this.#bus.unsubscribe(this, filter);
    this.#refuse(filter, new ServiceError("group-refused", "unsubscribed before it was granted"));
  }

  async stop(): Promise<void> {
    if (this.#state === "stopped") return;
    if (this.#unanswered > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    const wasUp = this.up;
    this.#state = "stopped";
    for (const filter of this.#filters) this.#bus.unsubscribe(this, filter);
    this.#filters.clear();
    const closing = new ServiceError("broker-lost", "the link is closing");
    for (const filter of this.#granting.keys()) this.#refuse(filter, closing);
    if (wasUp) this.#listener?.connected(false);
  }

  /** Called by the bus. */
  deliver(topic: string, payload: Uint8Array, retained: boolean): void {
    if (this.up) this.#listener?.message(topic, payload, retained);
  }

  #refuse(filter: string, error: ServiceError): void {
    const done = this.#granting.get(filter);
    this.#granting.delete(filter);
    done?.(error);
  }

  #subscribe(filter: string): void {
    this.#filters.add(filter);
    if (this.up) this.#bus.subscribe(this, filter);
  }
}
