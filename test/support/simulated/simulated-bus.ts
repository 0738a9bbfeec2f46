import { filterMatches } from "../../../adapters/in-process/topic-filter.ts";
import type {
  Link,
  LinkListener,
  LinkOptions,
  OpenLink,
  PublishDone,
  SubscribeDone,
} from "../../../adapters/topics/mod.ts";
import { ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import type { SeededRandom } from "../memory/mod.ts";

/** What the broker does to packets, as a share of them in per cent. */
export interface BusFaults {
  /** Packets at QoS 0 that are lost. */
  readonly lostAtMostOnce: number;
  /** Events and commands at QoS 1 that the broker confirms, and drops: its queue was full. */
  readonly dropped: number;
  /** Packets at QoS 1 that are delivered again, later (MQTT 3.1.1, 4.3.2). */
  readonly repeated: number;
  readonly delayMsMax: number;
}

const noFaults: BusFaults = { lostAtMostOnce: 0, dropped: 0, repeated: 0, delayMsMax: 5 };
/** Topics whose packets no broker may keep from a subscriber for ever: presence. */
const presence = /\/presence\//;

/**
 * A broker of MQTT that does its worst within the rules. What one client publishes to one topic
 * at one QoS comes to a subscriber in order (MQTT 3.1.1, 4.6), after a delay of its own for each;
 * everything else may overtake. It loses, drops and repeats, and cuts links whenever it is told.
 */
export class SimulatedBus {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly streamQos: 0 | 1;
  readonly links: SimulatedLink[] = [];
  faults: BusFaults;
  /** How often it did what. */
  readonly done: { lost: number; dropped: number; repeated: number; cut: number } = {
    lost: 0,
    dropped: 0,
    repeated: 0,
    cut: 0,
  };
  /** Topic and payload of every publish that came. */
  readonly seen: { readonly topic: string; readonly payload: Uint8Array }[] = [];
  readonly #retained: Map<string, Uint8Array> = new Map();
  /** When the last packet of its kind arrives: the next one must not overtake it. */
  readonly #lastAt: Map<string, number> = new Map();

  constructor(clock: Clock, random: SeededRandom, faults: BusFaults, streamQos: 0 | 1) {
    this.clock = clock;
    this.random = random;
    this.faults = faults;
    this.streamQos = streamQos;
  }

  /** Opens a link to this bus. */
  readonly open: OpenLink = (options) => {
    const link = new SimulatedLink(this, options);
    this.links.push(link);
    return link;
  };

  /** From now on nothing is lost, and nothing comes late. */
  calm(): void {
    this.faults = noFaults;
  }

  /** After a delay that lets nothing overtake what goes the same way. */
  after(way: string, callback: () => void): void {
    const now = this.clock.ticks();
    const arrives = now + this.random.below(this.faults.delayMsMax + 1);
    const at = Math.max(arrives, this.#lastAt.get(way) ?? 0);
    this.#lastAt.set(way, at);
    this.clock.after(at - now, callback);
  }

  /** A packet has come to the broker from the link of that name. */
  arrived(from: string, packet: Packet): void {
    const { topic, payload, qos, retain } = packet;
    this.seen.push({ topic, payload });
    if (retain && payload.byteLength === 0) this.#retained.delete(topic);
    else if (retain) this.#retained.set(topic, payload);
    for (const link of this.links) {
      if (!link.subscribes(topic)) continue;
      if (this.#loses(topic, qos)) continue;
      const way = `${from} ${qos} ${topic}`;
      this.#deliver(link, way, packet);
      if (qos === 0 || !this.#chance(this.faults.repeated)) continue;
      this.done.repeated++;
      this.#deliver(link, `${way} again`, packet);
    }
  }

  /** A link has subscribed: it gets what is retained. */
  subscribed(link: SimulatedLink, filter: string): void {
    for (const [topic, payload] of this.#retained) {
      if (!filterMatches(filter, topic)) continue;
      this.after(`${link.id} retained`, () => {
        if (link.up && this.#retained.get(topic) === payload) link.deliver(topic, payload, true);
      });
    }
  }

  #deliver(link: SimulatedLink, way: string, { topic, payload }: Packet): void {
    const { session } = link;
    this.after(`${link.id} ${session} ${way}`, () => {
      if (link.up && link.session === session) link.deliver(topic, payload, false);
    });
  }

  #loses(topic: string, qos: 0 | 1): boolean {
    if (qos === 0) {
      const lost = this.#chance(this.faults.lostAtMostOnce);
      if (lost) this.done.lost++;
      return lost;
    }
    const drops = !presence.test(topic) && this.#chance(this.faults.dropped);
    if (drops) this.done.dropped++;
    return drops;
  }

  #chance(percent: number): boolean {
    return this.random.below(100) < percent;
  }
}

/** One publish, on its way to the broker or from it. */
interface Packet {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly done: PublishDone;
}

const away = new ServiceError("broker-lost", "simulated");
/** Bytes that stand where a packet was: whoever reads them has kept what was not theirs. */
const stale = 0xc1;
/** Longest wait before a link that was cut is there again; less than any grace. */
const reconnectMsMax = 800;

/**
 * A client's connection to the simulated broker. As with the real one, a session is clean: what
 * was on its way is gone with it, and publishes without an answer fail with `broker-lost`.
 */
class SimulatedLink implements Link {
  readonly id: string;
  readonly role: string;
  readonly packetBytesMax: undefined;
  readonly reportsReasons = false;
  oneAtATime = false;
  /** Which connection to the broker it is. */
  session = 0;
  up = false;
  readonly #bus: SimulatedBus;
  readonly #options: LinkOptions;
  readonly #filters: Set<string>;
  readonly #granting: Map<string, SubscribeDone> = new Map();
  #listener: LinkListener | undefined;
  #started: () => void = () => {};
  /** On their way to the broker, the oldest first. */
  #sent: Packet[] = [];
  /** Not answered yet, the oldest first. */
  readonly #unanswered: Set<PublishDone> = new Set();
  #idle: () => void = () => {};
  #upAt = 0;
  #stopped = false;

  constructor(bus: SimulatedBus, options: LinkOptions) {
    this.#bus = bus;
    this.#options = options;
    this.#filters = new Set(options.filters);
    this.role = options.role;
    this.id = `${options.name} ${options.role}`;
  }

  get streamQos(): 0 | 1 {
    return this.#bus.streamQos;
  }

  /** How long it has been connected. */
  get upMs(): number {
    return this.up ? this.#bus.clock.ticks() - this.#upAt : 0;
  }

  start(listener: LinkListener): Promise<void> {
    this.#listener = listener;
    this.#bus.clock.after(1, () => this.#connect());
    return new Promise((resolve) => {
      this.#started = resolve;
    });
  }

  publish(topic: string, payload: Uint8Array, done: PublishDone, retain = false): void {
    this.#publish({ topic, payload, qos: 1, retain, done });
  }

  publishAtMostOnce(topic: string, payload: Uint8Array, done: PublishDone, room = 0): void {
    // As the data lane writes its header there.
    new Uint8Array(payload.buffer, payload.byteOffset - room, room).fill(stale);
    this.#publish({ topic, payload, qos: 0, retain: false, done });
  }

  subscribe(filter: string, done: SubscribeDone): void {
    this.#granting.set(filter, done);
    if (!this.up) return;
    const { session } = this;
    this.#bus.after(`${this.id} up`, () => {
      if (this.session === session) this.#grant(filter);
    });
  }

  unsubscribe(filter: string): void {
    this.#filters.delete(filter);
    const done = this.#granting.get(filter);
    this.#granting.delete(filter);
    done?.(new ServiceError("group-refused", "unsubscribed before it was granted"));
  }

  async stop(): Promise<void> {
    if (this.#unanswered.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    this.#stopped = true;
    if (!this.up) return;
    this.up = false;
    this.#listener?.connected(false);
  }

  subscribes(topic: string): boolean {
    return this.up && [...this.#filters].some((filter) => filterMatches(filter, topic));
  }

  /** Called by the bus. The bytes are valid during the call alone. */
  deliver(topic: string, payload: Uint8Array, retained: boolean): void {
    const bytes = payload.slice();
    this.#listener?.message(topic, bytes, retained);
    bytes.fill(stale);
  }

  /** The connection breaks; the broker may have had some of what was on its way, and says it. */
  cut(): void {
    if (!this.up) return;
    const { random, clock } = this.#bus;
    this.#bus.done.cut++;
    const arrived = this.#sent.slice(0, random.below(this.#sent.length + 1));
    this.#sent = [];
    this.up = false;
    this.session++;
    for (const packet of arrived) this.#bus.arrived(this.id, packet);
    this.#will();
    for (const done of [...this.#unanswered]) {
      this.#unanswered.delete(done);
      done(away);
    }
    this.#listener?.connected(false);
    this.#idle();
    clock.after(1 + random.below(reconnectMsMax), () => this.#connect());
  }

  #connect(): void {
    if (this.#stopped) return;
    this.up = true;
    this.#upAt = this.#bus.clock.ticks();
    for (const filter of this.#filters) this.#bus.subscribed(this, filter);
    for (const filter of [...this.#granting.keys()]) this.#grant(filter);
    this.#listener?.connected(true);
    this.#started();
  }

  #grant(filter: string): void {
    const done = this.#granting.get(filter);
    if (done === undefined) return;
    this.#granting.delete(filter);
    this.#filters.add(filter);
    this.#bus.subscribed(this, filter);
    done();
  }

  #publish(packet: Packet): void {
    const { qos, done } = packet;
    if (!this.up) {
      done(away);
      return;
    }
    const { session } = this;
    this.#unanswered.add(done);
    this.#sent.push(packet);
    const isEarly = qos === 0 && this.#bus.random.below(4) > 0;
    this.#bus.after(`${this.id} up`, () => {
      if (this.session !== session) return;
      this.#sent.shift();
      this.#bus.arrived(this.id, packet);
      if (!isEarly) this.#bus.after(`${this.id} down`, () => this.#answer(done, session));
    });
    if (isEarly) this.#answer(done, session);
  }

  #answer(done: PublishDone, session: number): void {
    if (this.session !== session || !this.#unanswered.delete(done)) return;
    done();
    if (this.#unanswered.size === 0) this.#idle();
  }

  #will(): void {
    const { willTopic: topic } = this.#options;
    if (topic === undefined) return;
    const payload = new Uint8Array(0);
    const will: Packet = { topic, payload, qos: 1, retain: true, done: () => {} };
    this.#bus.after(`${this.id} will`, () => this.#bus.arrived(this.id, will));
  }
}
