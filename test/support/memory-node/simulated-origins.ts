import { decode } from "@msgpack/msgpack";
import { ServiceError } from "../../../core/base/mod.ts";
import type {
  EventChannel,
  EventChannelListener,
  EventDestination,
  OriginDestination,
  OriginPresence,
} from "../../../core/ports/mod.ts";
import type { MemoryCommandBus } from "../memory/mod.ts";

type Item = [verb: string, id: string, seq: number, ...rest: unknown[]];
type Numbered = [version: 1, stream: string, first: number, items: Item[]];

/** An origin by the contract alone: numbered streams, cumulative acks, gaps. */
export class SimulatedOrigin {
  readonly name: string;
  readonly incarnation: string;
  /** Events in the order they were handled, without those it saw to be repeated. */
  readonly handled: Item[] = [];
  /** Handled items that are no events of one connection: `alive`, `moved`, replies. */
  readonly others: unknown[][] = [];
  /** Introductions of connections that were opened elsewhere. */
  readonly assigned: Item[] = [];
  /** Batches that came and wait to be handled. */
  readonly inbox: Numbered[] = [];
  alive = true;
  leaving = false;
  released = false;
  /** What the contract does not allow: a connection that nobody introduced, or twice. */
  readonly faults: string[] = [];
  /** By stream: ids that were introduced, and the number that their next event must have. */
  readonly #introduced: Map<string, Map<string, number>> = new Map();
  readonly #next: Map<string, number> = new Map();
  readonly #seqs: Map<string, number> = new Map();
  readonly #handledUpTo: Map<string, number> = new Map();

  constructor(name: string, incarnation: string) {
    this.name = name;
    this.incarnation = incarnation;
  }

  /** Takes a batch in; the ack that it is answered with at once, where there is one. */
  take(batch: Numbered | [string, ...unknown[]][]): unknown[] | undefined {
    if (typeof batch[0] !== "number") {
      // One that came late was for the process that had this name before.
      const released = (batch as unknown[][]).some(([verb]) => verb === "released");
      this.released ||= this.leaving && released;
      return undefined;
    }
    const [, stream, first, items] = batch as Numbered;
    const next = this.#next.get(stream) ?? 0;
    const end = first + items.length;
    if (first > next || end <= next) {
      return ["ack", stream, this.#handledUpTo.get(stream) ?? 0, next];
    }
    this.#next.set(stream, end);
    this.inbox.push([1, stream, next, items.slice(next - first)]);
    return undefined;
  }

  /** Handles the oldest batch that waits; its ack. */
  handle(): unknown[] | undefined {
    const batch = this.inbox.shift();
    if (batch === undefined) return undefined;
    const [, stream, first, items] = batch;
    for (const item of items) {
      const [verb, id, seq] = item;
      this.#judge(stream, item);
      if (verb === "assigned") this.assigned.push(item);
      if (verb !== "open" && verb !== "message" && verb !== "close") {
        if (verb !== "assigned") this.others.push(item);
        continue;
      }
      // Redelivered by another stream: the number within the connection tells.
      if (seq <= (this.#seqs.get(id) ?? -1)) continue;
      this.#seqs.set(id, seq);
      this.handled.push(item);
    }
    this.#handledUpTo.set(stream, first + items.length);
    return ["ack", stream, first + items.length];
  }

  /** Each connection of a stream is introduced once, first of all, with its next number. */
  #judge(stream: string, [verb, id, seq]: Item): void {
    const known = this.#introduced.get(stream) ?? new Map<string, number>();
    this.#introduced.set(stream, known);
    if (verb === "moved") for (const one of id as unknown as string[]) known.delete(one);
    const introduces = verb === "open" || verb === "assigned";
    if (!introduces && verb !== "message" && verb !== "close") return;
    if (introduces === known.has(id)) this.faults.push(`${stream}: ${verb} ${id} ${seq}`);
    const expected = introduces ? seq : (known.get(id) ?? seq);
    if (expected !== seq) this.faults.push(`${stream}: ${id} ${seq} in place of ${expected}`);
    known.set(id, verb === "assigned" ? seq : seq + 1);
  }
}

interface Publish {
  readonly origin: string | undefined;
  readonly batch: unknown;
  readonly confirmed: (error?: ServiceError) => void;
}

/** A network between one node and its origins that loses, delays and breaks as it is told. */
export class SimulatedNetwork implements EventChannel {
  batchBytesMax = 1_000_000;
  knowsSubscribers = true;
  readonly origins: Map<string, SimulatedOrigin> = new Map();
  listener!: EventChannelListener;
  /** Takes the commands of the origins to the node. */
  bus!: MemoryCommandBus;
  connected = false;
  /** Origins that the broker lets nobody publish to, by name; undefined: the partitions. */
  readonly refused: Map<string | undefined, ServiceError> = new Map();
  /** Numbered batches that a plain subscriber of the partitions has received. */
  readonly received: Numbered[] = [];
  /** Publishes that the broker has and did not deliver yet. */
  #wire: Publish[] = [];
  readonly #encode: (value: unknown) => Uint8Array;

  constructor(encode: (value: unknown) => Uint8Array) {
    this.#encode = encode;
  }

  get underWay(): number {
    return this.#wire.length;
  }

  start(listener: EventChannelListener): Promise<void> {
    this.listener = listener;
    this.connect();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  publish(
    destination: EventDestination | OriginDestination,
    batch: Uint8Array<ArrayBuffer>,
    confirmed: (error?: ServiceError) => void,
  ): void {
    const origin = "origin" in destination ? destination.origin : undefined;
    this.#wire.push({ origin, batch: decode(batch), confirmed });
  }

  /** As at QoS 0: nobody says what becomes of it. */
  publishAtMostOnce(
    { origin }: OriginDestination,
    batch: Uint8Array<ArrayBuffer>,
    sent: (error?: ServiceError) => void,
  ): void {
    this.#wire.push({ origin, batch: decode(batch), confirmed: () => {} });
    sent();
  }

  connect(): void {
    this.connected = true;
    this.listener.connected(true);
  }

  /** What was under way is lost, as with a broker that is killed. */
  disconnect(): void {
    this.connected = false;
    const lost = this.#wire;
    this.#wire = [];
    this.listener.connected(false);
    const error = new ServiceError("broker-lost", "simulated");
    for (const { confirmed } of lost) confirmed(error);
  }

  /** Delivers (or loses) the oldest publish under way. */
  deliver(lose: boolean = false): void {
    const publish = this.#wire.shift();
    if (publish === undefined) return;
    const origin = publish.origin === undefined ? undefined : this.origins.get(publish.origin);
    const error = this.refused.get(publish.origin);
    publish.confirmed(error);
    if (publish.origin === undefined && !lose) this.received.push(publish.batch as Numbered);
    if (error !== undefined || lose || origin === undefined || !origin.alive) return;
    const answer = origin.take(publish.batch as Numbered);
    if (answer !== undefined) this.command(origin.name, answer);
  }

  handle(origin: SimulatedOrigin): void {
    const ack = origin.alive ? origin.handle() : undefined;
    if (ack !== undefined && this.connected) this.command(origin.name, ack);
  }

  command(sender: string, item: unknown[]): void {
    this.bus.local("default", sender, this.#encode([item]));
  }

  /** The broker refuses what is published to an origin, or takes it again. */
  refuse(origin: string | undefined, refuses: boolean): void {
    const error = new ServiceError("publish-refused", "simulated");
    if (refuses) this.refused.set(origin, error);
    else this.refused.delete(origin);
  }

  /** An origin's heartbeat. */
  announce(
    origin: SimulatedOrigin,
    at: number,
    more: Pick<OriginPresence, "window" | "weight"> = {},
  ): void {
    if (!this.connected || !origin.alive) return;
    const { incarnation, leaving } = origin;
    const presence = { v: 1, incarnation, at, every: 1_000, leaving, ...more } as const;
    this.listener.origin("default", origin.name, presence);
  }
}
