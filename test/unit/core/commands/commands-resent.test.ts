import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PublishDone } from "../../../../adapters/topics/mod.ts";
import { ServiceError } from "../../../../core/base/mod.ts";
import { ReliableReceiver } from "../../../../core/streams/mod.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { readBatch, SendRig, target } from "../../../support/origins/send-rig.ts";
import { smallOptions } from "../../../vectors/codecs.ts";

type Step = "send" | "deliver" | "lose" | "lose-ack" | "wait" | "down" | "up";

/** The library's senders and a node, with a broker between that loses what the steps say. */
class World extends SendRig {
  readonly clock: ManualClock;
  readonly streams: Map<string, ReliableReceiver> = new Map();
  /** What the node has carried out. */
  readonly handled: string[] = [];
  readonly payloads: Uint8Array[] = [];
  sent = 0;
  readonly #codec = createReferenceCodec({ ...smallOptions, batchBytesTarget: 400 });
  readonly wire: { payload: Uint8Array; done: PublishDone }[] = [];

  constructor(json: boolean) {
    const clock = new ManualClock();
    super(clock, json, (_topic, payload, done) => {
      this.payloads.push(payload);
      this.wire.push({ payload, done });
    });
    this.clock = clock;
  }

  do(step: Step): void {
    if (step === "send") this.nodes.node("n").send(target("n.x"), String(this.sent++));
    else if (step === "deliver") this.deliver(true);
    else if (step === "lose-ack") this.deliver(false);
    else if (step === "lose") this.wire.shift()?.done();
    else if (step === "wait") this.clock.advance(150);
    else if (step === "down" && this.link.up) this.down();
    else if (step === "up" && !this.link.up) this.connected(true);
    this.clock.turn();
  }

  deliver(answer: boolean): void {
    const publish = this.wire.shift();
    if (publish === undefined) return;
    publish.done();
    const ack = this.take(publish.payload);
    if (!answer) return;
    const received = ack.gap ? ack.count : undefined;
    this.nodes.acknowledged("n", { ...ack, received, sender: undefined });
  }

  /** What a node does with a batch of commands; how it answers. */
  take(payload: Uint8Array): { stream: string; count: number; gap: boolean } {
    const codec = this.#codec;
    assert.equal(codec.commands.decode(payload), undefined);
    const [stream, first] = [codec.commands.stream() as string, codec.commands.first()];
    const items = codec.commands.items();
    const receiver = this.streams.get(stream) ?? new ReliableReceiver();
    const { skip, gap, next } = receiver.accept(first, items, codec.commands.oldestAvailable());
    if (gap === 0) this.streams.set(stream, receiver);
    for (let index = 0; index < items && gap === 0; index++) {
      codec.commands.nextItem();
      if (index >= skip) this.handled.push(codec.commands.dataText());
    }
    return { stream, count: next, gap: gap > 0 };
  }

  down(): void {
    this.connected(false);
    const lost = this.wire.splice(0);
    for (const { done } of lost) done(new ServiceError("broker-lost", "gone"));
  }

  settle(): void {
    this.do("up");
    for (let round = 0; round < 200 && this.handled.length < this.sent; round++) {
      while (this.wire.length > 0) this.do("deliver");
      this.clock.advance(2_000);
    }
  }

  get expected(): string[] {
    return Array.from({ length: this.sent }, (_, index) => String(index));
  }
}

function run(world: World, ...steps: readonly Step[]): void {
  for (const step of steps) world.do(step);
}

for (const json of [false, true]) {
  const format = json ? "JSON" : "MessagePack";

  test(`a stream whose first batch was lost is carried out from its begin: ${format}`, () => {
    const world = new World(json);
    run(world, "send", "lose", "send", "deliver");
    assert.deepEqual(world.handled, [], "nothing past the gap");
    run(world, "deliver", "deliver");
    assert.deepEqual(world.handled, ["0", "1"]);
    assert.deepEqual(world.failures, []);
  });

  test(`a batch says what could be sent again, its own number at least: ${format}`, () => {
    const world = new World(json);
    const bases = (): unknown[] => world.payloads.map((payload) => readBatch(payload)[4]);
    run(world, "send", "deliver", "send", "lose", "send", "lose", "wait", "send");
    assert.deepEqual(bases(), [0, 1, 1, 1]);
    world.lives = false;
    run(world, "lose", "send");
    assert.equal(bases().at(-1), 4, "what is not kept is not waited for");
  });
}

test("whatever the broker loses, commands are carried out once and in order", () => {
  const step = fc.constantFrom<Step[]>(
    ...(["send", "send", "send", "deliver", "deliver", "lose", "lose-ack", "wait"] as const),
    ...(["send", "deliver", "lose", "down", "up", "up"] as const),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4 }),
      fc.array(step, { minLength: 5, maxLength: 150, size: "max" }),
      (heads, steps) => {
        const world = new World(false);
        for (let head = 0; head < heads; head++) run(world, "send", "lose");
        run(world, ...steps);
        world.settle();
        assert.deepEqual(world.handled, world.expected);
        assert.deepEqual(world.failures, []);
      },
    ),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 1_000) },
  );
});
