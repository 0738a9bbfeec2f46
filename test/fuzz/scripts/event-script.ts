import { encode } from "@msgpack/msgpack";
import type { Dice } from "../../vectors/dice.ts";
import { concat, jsonForm, utf8 } from "../../vectors/hex.ts";
import { idOf } from "../../vectors/ids.ts";

/** A batch of events as it comes from a broker. */
export interface EventBatch {
  readonly topic: string;
  readonly node: string;
  readonly assigned: boolean;
  readonly payload: Uint8Array<ArrayBuffer>;
}

interface Stream {
  readonly topic: string;
  readonly node: string;
  readonly assigned: boolean;
  name: string;
  next: number;
  readonly live: { readonly id: string; seq: number }[];
  last: EventBatch | undefined;
}

/** Anything that stands where it should not. */
const strange: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  2 ** 53,
  "",
  "x".repeat(300),
  [],
  [[]],
  {},
  { toString: 1, valueOf: 1 },
  { $binary: 5 },
  new Uint8Array(3),
];
const verbs = ["open", "message", "close", "alive", "moved", "released", "reply", "ack", "news"];

/** Batches of nodes that do as they should, and of one that does not. */
export class EventScripts {
  readonly #dice: Dice;
  readonly #texts: readonly string[];
  readonly #binaries: readonly Uint8Array[];
  readonly #streams: Stream[] = [];
  #connections = 0;
  #generation = 0;
  /** What each good connection was told to have said, in order: what an origin must be told. */
  readonly told: Map<string, unknown[]> = new Map();

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#texts = Array.from({ length: 40 }, () => dice.text(dice.length()));
    this.#binaries = Array.from({ length: 20 }, () => dice.bytes(dice.length()));
    for (const node of ["good-1", "good-2", "bad"]) {
      for (const assigned of [true, false]) {
        const topic = `wss/v1/default/${assigned ? "origins/o1/events" : "events/0"}/${node}`;
        const more = { next: 0, live: [], last: undefined };
        this.#streams.push({ topic, node, assigned, name: this.#name(node, assigned), ...more });
      }
    }
  }

  /** How many items each stream has that is confirmed. */
  assigned(): [name: string, items: number][] {
    const good = this.#streams.filter(({ node, assigned }) => assigned && node !== "bad");
    return good.map(({ name, next }) => [name, next]);
  }

  next(): EventBatch {
    const stream = this.#dice.pick(this.#streams);
    return stream.node === "bad" ? this.#bad(stream) : this.#good(stream);
  }

  #name(node: string, assigned: boolean): string {
    return `${node}:i1:${assigned ? "o1:" : ""}${this.#generation++}`;
  }

  /** The next batch of a stream, or its last one once more. */
  #good(stream: Stream): EventBatch {
    const dice = this.#dice;
    if (stream.last !== undefined && dice.chance(10)) return stream.last;
    const items = Array.from({ length: 1 + dice.below(6) }, () => this.#event(stream));
    const { next, name, topic, node, assigned } = stream;
    stream.next += items.length;
    // What comes again in front is left out by the origin: it has it.
    const batch = [1, name, next, items, ...(dice.chance(5) ? ["more"] : [])];
    stream.last = { topic, node, assigned, payload: this.#packed(batch) };
    return stream.last;
  }

  #event(stream: Stream): unknown[] {
    const dice = this.#dice;
    const { live, node } = stream;
    const kind = dice.below(100);
    if (live.length < 3 || (live.length < 20 && kind < 8)) {
      const id = idOf(node, this.#connections++);
      live.push({ id, seq: 0 });
      this.told.set(id, ["open"]);
      return ["open", id, 0, { path: "/", headers: { a: dice.pick(this.#texts) } }];
    }
    const one = dice.pick(live);
    one.seq++;
    if (kind < 88) {
      const data = dice.chance(70) ? dice.pick(this.#texts) : dice.pick(this.#binaries);
      this.told.get(one.id)!.push(data);
      return ["message", one.id, one.seq, data, ...(dice.chance(5) ? [{ state: 1 }] : [])];
    }
    if (kind < 96) {
      live.splice(live.indexOf(one), 1);
      this.told.get(one.id)!.push("close");
      return ["close", one.id, one.seq, 1_000, "bye", "client"];
    }
    one.seq--;
    return dice.pick([
      ["alive", live.map(({ id }) => id)],
      ["news", 1],
      ["reply", 1, {}],
    ]);
  }

  #packed(value: unknown): Uint8Array<ArrayBuffer> {
    return this.#dice.chance(60) ? encode(value) : utf8(JSON.stringify(value, jsonForm));
  }

  /** Garbage of all kinds, about connections that nobody else has. */
  #bad({ topic, node, assigned }: Stream): EventBatch {
    const dice = this.#dice;
    const about = { topic, node, assigned };
    const kind = dice.below(100);
    if (kind < 15) return { ...about, payload: dice.bytes(dice.below(100)) };
    const items = Array.from({ length: dice.below(6) }, () => this.#strangeItem());
    const stream = dice.chance(80) ? `bad:i1:${dice.below(9)}` : dice.pick(strange);
    const first = dice.chance(80) ? dice.below(40) : dice.pick(strange);
    const value = kind < 60 ? [dice.pick([1, 1, 1, 2]), stream, first, items] : items;
    let payload = this.#packed(value);
    // Far more items than there are.
    if (kind > 95)
      payload = concat(encode([1, stream, first]), Uint8Array.of(0xdd, 255, 255, 255, 9));
    if (kind > 95) payload[0] = 0x94;
    return { ...about, payload: dice.chance(50) ? dice.mutate(payload) : payload };
  }

  #strangeItem(): unknown {
    const dice = this.#dice;
    const id = idOf("bad", dice.below(30));
    const kind = dice.below(100);
    if (kind < 25) return ["message", id, dice.below(50), dice.pick(this.#texts)];
    if (kind < 30) return ["open", id, 0, { path: "/" }];
    if (kind < 35) return ["close", id, 1, 1_000, "", "client"];
    if (kind < 90) {
      const rest = Array.from({ length: dice.below(5) }, () => dice.pick([id, ...strange]));
      return [dice.pick(verbs), ...rest];
    }
    return dice.pick(strange);
  }
}
