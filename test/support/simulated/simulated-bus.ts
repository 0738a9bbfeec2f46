import { filterMatches } from "../../../adapters/in-process/topic-filter.ts";
import type { OpenLink } from "../../../adapters/topics/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import type { SeededRandom } from "../memory/mod.ts";
import { type Packet, type SimulatedBroker, SimulatedLink } from "./simulated-link.ts";

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
export class SimulatedBus implements SimulatedBroker {
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
