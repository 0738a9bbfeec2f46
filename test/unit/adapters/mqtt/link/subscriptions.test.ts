import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mqttLimits } from "../../../../../adapters/mqtt/link/mqtt-limits.ts";
import {
  type SubscriptionBroker,
  Subscriptions,
} from "../../../../../adapters/mqtt/link/subscriptions.ts";
import { ServiceError } from "../../../../../core/base/mod.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";

interface Packet {
  readonly kind: "subscribe" | "unsubscribe";
  readonly filters: readonly string[];
  answer(codes: readonly number[]): void;
}

/** One connection: carries packets out when it is told to, in any order, and then answers. */
class Connection implements SubscriptionBroker {
  readonly subscribed: Set<string> = new Set();
  readonly packets: Packet[] = [];
  readonly faults: string[] = [];
  readonly #refuses: ReadonlySet<string>;

  constructor(refuses: ReadonlySet<string> = new Set()) {
    this.#refuses = refuses;
  }

  subscribe(filters: readonly string[], answered: (codes: readonly number[]) => void): void {
    this.#add({ kind: "subscribe", filters, answer: answered });
  }

  unsubscribe(filters: readonly string[], answered: () => void): void {
    this.#add({ kind: "unsubscribe", filters, answer: () => answered() });
  }

  fail(error: Error): void {
    this.faults.push(error.message);
  }

  answer(index: number): void {
    const [packet] = this.packets.splice(index % Math.max(1, this.packets.length), 1);
    if (packet === undefined) return;
    const codes = packet.filters.map((filter) => {
      if (packet.kind === "unsubscribe") this.subscribed.delete(filter);
      else if (this.#refuses.has(filter)) return 0x80;
      else this.subscribed.add(filter);
      return 1;
    });
    packet.answer(codes);
  }

  #add(packet: Packet): void {
    assert.ok(packet.filters.length > 0, "a packet without filters is malformed");
    assert.ok(packet.filters.length <= mqttLimits.filtersPerPacketMax);
    const asked = this.packets.flatMap(({ filters }) => filters);
    for (const filter of packet.filters) {
      assert.ok(!asked.includes(filter), `${filter} is being asked for already`);
    }
    this.packets.push(packet);
    assert.ok(this.packets.length <= mqttLimits.filterPacketsInFlightMax + 1);
  }
}

type Step =
  | readonly ["add" | "remove" | "refuse" | "allow" | "answer", number]
  | readonly ["turn" | "lose" | "begin"];

const names = ["a", "b", "c", "d"];
const which = fc.nat(names.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom("add" as const, "remove" as const), which) },
  { weight: 8, arbitrary: fc.tuple(fc.constant("answer" as const), which) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom("refuse" as const, "allow" as const), which) },
  { weight: 6, arbitrary: fc.constant(["turn"] as const) },
  { weight: 1, arbitrary: fc.constant(["lose"] as const) },
  { weight: 2, arbitrary: fc.constant(["begin"] as const) },
);

/** Filters that come and go over connections that do so too. */
class World {
  readonly clock = new ManualClock();
  readonly refuses: Set<string> = new Set();
  /** What the last calls and answers amount to. */
  readonly wanted: Set<string> = new Set();
  readonly waiting: Map<string, number> = new Map();
  readonly subscriptions: Subscriptions = new Subscriptions(this.clock, ["own"], () => {});
  /** Granted on this connection, and so on until it is removed. */
  readonly held: Set<string> = new Set();
  connection: Connection | undefined;
  ready = false;
  #calling = false;

  take([kind, index = 0]: Step): void {
    const name = names[index]!;
    if (kind === "add") this.#add(name);
    else if (kind === "remove") this.#remove(name);
    else if (kind === "refuse") this.refuses.add(name);
    else if (kind === "allow") this.refuses.delete(name);
    else if (kind === "answer") this.connection?.answer(index);
    else if (kind === "turn") this.clock.turn();
    else if (kind === "lose") this.#lose();
    else this.begin();
    for (const each of this.held) assert.ok(this.connection?.subscribed.has(each), each);
  }

  begin(): void {
    if (this.connection !== undefined) return;
    const connection = new Connection(this.refuses);
    this.connection = connection;
    const before = [...this.wanted];
    this.subscriptions.begin(connection, undefined, () => {
      assert.ok(!this.ready, "ready once");
      this.ready = true;
      assert.ok(connection.subscribed.has("own"));
      for (const name of before.filter((each) => this.wanted.has(each))) {
        const asked = connection.packets.some(({ filters }) => filters.includes(name));
        const is = connection.subscribed.has(name) || asked || this.refuses.has(name);
        assert.ok(is || this.waiting.has(name), `${name} at ready`);
      }
    });
  }

  /** Everything is allowed now and answered, after a reconnect where `anew`. */
  end(anew: boolean): void {
    this.refuses.clear();
    if (anew) this.#lose();
    this.begin();
    for (let i = 0; i < 100; i++) {
      this.clock.turn();
      this.connection!.answer(0);
    }
    assert.equal(this.ready, true, "ready in the end");
    assert.deepEqual([...this.waiting.values()], [], "everybody was answered");
    assert.equal(this.connection!.packets.length, 0, "nothing is asked for ever");
  }

  #add(name: string): void {
    this.wanted.add(name);
    this.waiting.set(name, (this.waiting.get(name) ?? 0) + 1);
    let answered = false;
    this.#calling = true;
    this.subscriptions.add(name, (error) => {
      assert.ok(!answered, "answered once");
      assert.ok(!this.#calling, "never in the call itself");
      answered = true;
      const left = this.waiting.get(name)! - 1;
      if (left === 0) this.waiting.delete(name);
      else this.waiting.set(name, left);
      if (error === undefined) this.held.add(name);
      else this.wanted.delete(name);
    });
    this.#calling = false;
  }

  #remove(name: string): void {
    this.held.delete(name);
    this.subscriptions.remove(name);
    this.wanted.delete(name);
    assert.ok(!this.waiting.has(name), "whoever waited was told");
  }

  #lose(): void {
    this.connection = undefined;
    this.ready = false;
    this.held.clear();
    this.subscriptions.lost();
  }
}

test("whatever comes and goes, the broker ends with what was asked for last", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), fc.boolean(), (steps, anew) => {
      const world = new World();
      const refused = new Set<string>();
      for (const each of steps) {
        world.take(each);
        if (each[0] === "refuse") refused.add(names[each[1]]!);
      }
      world.end(anew);
      const { subscribed } = world.connection!;
      const got = [...subscribed].filter((name) => anew || !refused.has(name)).sort();
      const expected = ["own", ...world.wanted].filter((name) => anew || !refused.has(name));
      assert.deepEqual(got, expected.sort());
      for (const name of subscribed) assert.ok(name === "own" || world.wanted.has(name), name);
    }),
    { numRuns: 3_000 },
  );
});

type Told = ConstructorParameters<typeof Subscriptions>[2];

/** Subscriptions that have not begun, with these filters of their own. */
function rig(own: readonly string[] = [], refused: Told = () => {}) {
  const clock = new ManualClock();
  return {
    clock,
    subscriptions: new Subscriptions(clock, own, refused),
    connection: new Connection(),
  };
}

/** Those that have begun on a connection, which takes packets of so many bytes. */
function begun(own?: readonly string[], bytesMax?: number) {
  const given = rig(own);
  given.subscriptions.begin(given.connection, bytesMax, () => {});
  const answers: (string | undefined)[] = [];
  const add = (filter: string): void =>
    given.subscriptions.add(filter, (error) => answers.push(error?.code));
  return { ...given, answers, add };
}

test("changes of one turn are one packet each, whatever their number", () => {
  const { clock, subscriptions, connection, add } = begun();
  const asked = (): unknown[] =>
    connection.packets.map(({ kind, filters }) => `${kind} ${filters.length}`);
  for (let i = 0; i < 100; i++) add(`t/${i}`);
  assert.equal(connection.packets.length, 0);
  clock.turn();
  assert.deepEqual(asked(), ["subscribe 100"]);
  connection.answer(0);
  for (let i = 0; i < 50; i++) subscriptions.remove(`t/${i}`);
  add("more");
  clock.turn();
  assert.deepEqual(asked(), ["subscribe 1", "unsubscribe 50"]);
});

test("packets keep to the limits in filters, bytes and number", () => {
  const { subscriptions, connection } = rig();
  const long = "x".repeat(90);
  for (let i = 0; i < 1_000; i++) subscriptions.add(`${long}/${i}`, () => {});
  let ready = false;
  subscriptions.begin(connection, 2_000, () => (ready = true));
  assert.equal(connection.packets.length, mqttLimits.filterPacketsInFlightMax);
  let packets = 0;
  for (; connection.packets.length > 0; packets++) {
    assert.equal(ready, false);
    const { filters } = connection.packets[0]!;
    const bytes = filters.reduce((sum, filter) => sum + filter.length + 3, 16);
    assert.ok(bytes <= 2_000, `${bytes} bytes`);
    connection.answer(0);
  }
  assert.equal(ready, true);
  assert.equal(connection.subscribed.size, 1_000);
  assert.ok(packets < 60, `${packets} packets`);
});

test("a filter that fits in no packet of the broker is refused unsent", () => {
  const { clock, connection, answers, add } = begun([], 200);
  add("x".repeat(190));
  add("short");
  clock.turn();
  assert.deepEqual(connection.packets[0]?.filters, ["short"]);
  connection.answer(0);
  assert.deepEqual(answers, ["group-refused", undefined]);
});

test("a required filter that is refused never lets the connection be ready", () => {
  const refused: unknown[][] = [];
  const { subscriptions } = rig(["own"], (...what) => void refused.push(what));
  const connection = new Connection(new Set(["own"]));
  subscriptions.begin(connection, undefined, () => assert.fail("ready"));
  connection.answer(0);
  assert.deepEqual(refused, [["own", true]]);
});

test("a filter that is refused after a reconnect is kept, told of, and asked for again", () => {
  const refused: unknown[][] = [];
  const { subscriptions } = rig([], (...what) => void refused.push(what));
  let answers = 0;
  subscriptions.add("a", () => answers++);
  const refuses: Set<string>[] = [new Set(), new Set(["a"]), new Set()];
  let connection: Connection | undefined;
  for (const each of refuses) {
    connection = new Connection(each);
    let ready = false;
    subscriptions.begin(connection, undefined, () => (ready = true));
    connection.answer(0);
    assert.equal(ready, true);
    subscriptions.lost();
  }
  assert.deepEqual([refused, answers], [[["a", false]], 1]);
  assert.deepEqual([...connection!.subscribed], ["a"]);
});

test("stop answers whoever waits, and whoever comes later", () => {
  const { clock, subscriptions, connection, answers, add } = begun();
  add("a");
  clock.turn();
  add("b");
  subscriptions.stop(new ServiceError("broker-lost", "stopped"));
  add("c");
  connection.answer(0);
  clock.turn();
  assert.deepEqual(answers, ["broker-lost", "broker-lost", "broker-lost"]);
});

test("a broker that does not answer a SUBSCRIBE loses its connection, and no timer stays", () => {
  const { clock, subscriptions, connection } = begun(["own"]);
  clock.advance(mqttLimits.grantMs - 1);
  assert.deepEqual(connection.faults, []);
  connection.answer(0);
  assert.equal(clock.pendingTimers, 0, "it was answered");
  subscriptions.add("a", () => {});
  clock.turn();
  clock.advance(mqttLimits.grantMs);
  assert.deepEqual(connection.faults, ["the broker answered no SUBSCRIBE or UNSUBSCRIBE in 30 s"]);
  subscriptions.lost();
  subscriptions.begin(new Connection(), undefined, () => {});
  subscriptions.lost();
  assert.equal(clock.pendingTimers, 0, "the connection is gone");
});
