import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Codec, CodecOptions } from "../../../../core/ports/mod.ts";
import { createWasmCodec } from "../../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import { MemorySocket, MemoryTracer } from "../../../support/memory/mod.ts";
import { idOf } from "../../../support/memory-node/memory-node.ts";
import { RouterRig } from "../../../support/memory-node/router-rig.ts";
import { SimulatedOrigin } from "../../../support/memory-node/simulated-origins.ts";

/** What happens next, in the simulated world. Numbers choose among what there is. */
type Step =
  | readonly ["connect"]
  | readonly ["say", number]
  | readonly ["hang-up", number]
  | readonly ["deliver" | "lose"]
  | readonly ["handle" | "crash" | "mute" | "leave" | "refuse" | "permit", number]
  | readonly ["join"]
  | readonly ["broker-down" | "broker-up"]
  | readonly ["wait", number];

const which = fc.nat(20);
const alone = <T extends Step[0]>(weight: number, what: T) => ({
  weight,
  arbitrary: fc.constant([what] as const),
});
const one = <T extends Step[0]>(
  weight: number,
  what: T,
  number: fc.Arbitrary<number> = which,
) => ({
  weight,
  arbitrary: fc.tuple(fc.constant(what), number),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  alone(4, "connect"),
  one(12, "say"),
  one(1, "hang-up"),
  alone(10, "deliver"),
  alone(1, "lose"),
  one(10, "handle"),
  one(1, "crash"),
  one(1, "mute"),
  one(1, "leave"),
  alone(1, "join"),
  one(1, "refuse"),
  one(1, "permit"),
  alone(1, "broker-down"),
  alone(2, "broker-up"),
  one(3, "wait", fc.integer({ min: 1, max: 4_000 })),
);

interface Client {
  readonly socket: MemorySocket;
  /** Messages that it sent before it closed, if it did. */
  said: number;
  hungUp: boolean;
}

/** One node, its clients and origins, over a network that does what the steps say. */
class World extends RouterRig {
  readonly clients: Client[] = [];
  /** Every second client is traced: its events take another way into the batch buffer. */
  readonly tracer: MemoryTracer;
  /** Every origin that ever was, the living and the dead. */
  override readonly origins: SimulatedOrigin[] = [];
  readonly muted = new Set<SimulatedOrigin>();
  /** Ids and numbers in the order of their first handling. */
  readonly firstHandled: Map<string, number[]> = new Map();
  readonly #seen: Map<SimulatedOrigin, number> = new Map();

  constructor(codec: (options: CodecOptions) => Codec) {
    const tracer = new MemoryTracer();
    const small = { messageBytesMax: 1_000, batchBytesTarget: 400 };
    const made = (options: CodecOptions): Codec => codec({ ...options, ...small });
    const parts = { tracer, spansPerSecondMax: 1_000_000, codec: made };
    super({ windowBytesMax: 2_000, originWaitMs: 1e9 }, parts);
    this.tracer = tracer;
    void this.node.gateway.start();
  }

  do(step: Step): void {
    const [what, number = 0] = step;
    const alive = this.origins.filter((origin) => origin.alive);
    const origin = alive[number % Math.max(alive.length, 1)];
    const client = this.clients[number % Math.max(this.clients.length, 1)];
    if (what === "connect") this.enter();
    else if (what === "say" && client !== undefined) this.say(client);
    else if (what === "hang-up" && client !== undefined) this.hangUp(client);
    else if (what === "deliver") this.network.deliver();
    else if (what === "lose") this.network.deliver(true);
    else if (what === "join") this.arrive();
    else if (what === "broker-down" && this.network.connected) this.network.disconnect();
    else if (what === "broker-up" && !this.network.connected) this.network.connect();
    else if (what === "wait") this.wait(number);
    else if (origin === undefined) return;
    else if (what === "handle") this.take(origin);
    else if (what === "mute") this.muted.add(origin);
    else if (what === "refuse") this.network.refuse(origin.name, true);
    else if (what === "permit") this.network.refuse(origin.name, false);
    else if (what === "leave") this.leave(origin);
    else if (what === "crash") this.crash(origin);
    this.clock.turn();
  }

  enter(): void {
    const answer = { accepted: true, app: "default", deflate: false, info: {} } as const;
    const start = { kind: "server", name: "GET", parent: undefined, attributes: {} } as const;
    const span = this.clients.length % 2 === 0 ? undefined : this.tracer.start(start);
    const socket = new MemorySocket(this.node.gateway, {
      ...answer,
      subprotocol: undefined,
      span,
    });
    this.clients.push({ socket, said: 0, hungUp: false });
  }

  hangUp(client: Client): void {
    client.hungUp = true;
    client.socket.clientCloses(1_000, "");
  }

  say(client: Client): void {
    if (client.hungUp) return;
    client.said++;
    client.socket.receive(`${client.said}`.padEnd(40, "."));
  }

  arrive(): void {
    // A crashed origin's name comes back with another incarnation.
    const name = `o${this.origins.length % 3}`;
    if (this.network.origins.get(name)?.alive === true) return;
    const origin = new SimulatedOrigin(name, `i${this.origins.length}`);
    this.origins.push(origin);
    this.network.origins.set(name, origin);
    this.network.announce(origin, this.clock.now());
  }

  take(origin: SimulatedOrigin): void {
    this.network.handle(origin);
    const from = this.#seen.get(origin) ?? 0;
    for (const [, id, seq] of origin.handled.slice(from)) {
      const seqs = this.firstHandled.get(id) ?? [];
      this.firstHandled.set(id, seqs);
      if (!seqs.includes(seq)) seqs.push(seq);
    }
    this.#seen.set(origin, origin.handled.length);
    if (origin.released && origin.inbox.length === 0) this.crash(origin);
  }

  leave(origin: SimulatedOrigin): void {
    origin.leaving = true;
    this.network.announce(origin, this.clock.now());
  }

  crash(origin: SimulatedOrigin): void {
    origin.alive = false;
    // Its Will, which a broker that is away cannot send.
    if (this.network.connected) this.network.listener.origin("default", origin.name, undefined);
  }

  wait(ms: number): void {
    for (const origin of this.origins) {
      if (!this.muted.has(origin)) this.network.announce(origin, this.clock.now());
    }
    this.clock.advance(ms);
  }

  /** Lets everything come to rest: the broker is there, and an origin that handles what comes. */
  async settle(): Promise<void> {
    if (!this.network.connected) this.network.connect();
    this.muted.clear();
    this.network.refused.clear();
    for (const origin of this.origins) if (origin.leaving) this.crash(origin);
    this.arrive();
    this.arrive();
    for (let round = 0; round < 400; round++) {
      this.wait(400);
      while (this.network.underWay > 0) this.network.deliver();
      for (const origin of this.origins) {
        while (origin.alive && origin.inbox.length > 0) this.take(origin);
      }
      await Promise.resolve();
      this.clock.turn();
    }
  }
}

/** Each connection's events were handled in order, none lost, and none twice by one origin. */
function judge({ clients, firstHandled, node, origins, tracer }: World): void {
  assert.equal(firstHandled.size, clients.length, "every connection was told of");
  for (const { socket, said, hungUp } of clients) {
    const seqs = firstHandled.get(idOf(socket)) ?? [];
    const events = 1 + said + (hungUp ? 1 : 0);
    assert.deepEqual(
      seqs,
      Array.from({ length: events }, (_, seq) => seq),
      "in order, whole",
    );
  }
  for (const origin of origins) {
    const keys = origin.handled.map(([, id, seq]) => `${id} ${seq}`);
    assert.equal(new Set(keys).size, keys.length, "nothing twice for one origin");
    assert.deepEqual(origin.faults, [], "introduced once for each stream, before all else");
  }
  const handled = origins.flatMap((origin) => origin.handled);
  const closed = handled.filter(([verb]) => verb === "close").map(([, id]) => id);
  const gone = clients.filter(({ hungUp }) => hungUp).map(({ socket }) => idOf(socket));
  assert.deepEqual(new Set(closed), new Set(gone), "a close for each that went, and no other");
  assert.equal(node.gateway.connections, clients.length - gone.length);
  const traced = clients.filter((_, index) => index % 2 === 1);
  const events = traced.reduce((sum, { said, hungUp }) => sum + said + (hungUp ? 1 : 0), 0);
  assert.equal(tracer.spans.length, traced.length + events);
  assert.ok(
    tracer.spans.every(({ ended }) => ended !== undefined),
    "every span has ended",
  );
}

// Without "max" fast-check draws ten steps or so, and half of the worlds have no client.
const schedule = fc.array(step, { minLength: 10, maxLength: 150, size: "max" });
const runs = Number(process.env.PROPERTY_RUNS ?? 1_000);
const codecs = [
  ["plain", createReferenceCodec, runs],
  ["WASM", createWasmCodec, Math.ceil(runs / 10)],
] as const;

for (const [name, codec, numRuns] of codecs) {
  test(`whatever breaks, events are handled in order, none lost, none twice: ${name}`, () =>
    fc.assert(
      fc.asyncProperty(schedule, async (steps) => {
        const world = new World(codec);
        await Promise.resolve();
        for (const one of steps) {
          world.do(one);
          await Promise.resolve();
        }
        await world.settle();
        judge(world);
      }),
      { numRuns },
    ));
}

test("schedules are long enough to be about something", () => {
  const drawn = fc.sample(schedule, { numRuns: 200, seed: 8 });
  const lengths = drawn.map((steps) => steps.length).sort((one, other) => one - other);
  assert.ok(lengths[100]! > 60, `the median is ${lengths[100]}`);
  const empty = drawn.filter((steps) => !steps.some(([what]) => what === "connect")).length;
  assert.ok(empty < 20, `${empty} of 200 without a client`);
});

test("a burst that the broker lost comes again with one probe", async () => {
  const world = new World(createReferenceCodec);
  const burst = Array.from({ length: 5 }, () => [["say", 0], ["lose"]] as const).flat();
  for (const one of [["join"], ["connect"], ["deliver"], ["handle", 0], ...burst] as const) {
    await Promise.resolve();
    world.do(one);
  }
  world.wait(2_000);
  const [origin] = world.origins;
  while (world.network.underWay > 0) {
    world.network.deliver();
    while (origin!.inbox.length > 0) world.take(origin!);
    world.clock.turn();
  }
  const seqs = origin!.handled.map(([, , seq]) => seq);
  assert.deepEqual(seqs, [0, 1, 2, 3, 4, 5]);
});
