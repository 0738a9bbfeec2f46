import assert from "node:assert/strict";
import { test } from "node:test";
import { originLimits } from "../../../../../adapters/origin/base/origin-limits.ts";
import { ServiceError } from "../../../../../core/base/mod.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";
import { readBatch, SendRig, target } from "../../../../support/origins/send-rig.ts";

const connection = target("n1.a");

/** Senders whose broker confirms everything at once, and what they published. */
class Rig extends SendRig {
  readonly clock: ManualClock;
  /** Numbers of the first commands since the last look. */
  #firsts: number[] = [];
  readonly streams: string[] = [];
  /** What the broker answers. */
  refusal: ServiceError | undefined;

  constructor() {
    const clock = new ManualClock();
    super(clock, false, (_topic, payload, done) => {
      const [, stream, first] = readBatch(payload) as [number, string, number];
      this.#firsts.push(first);
      this.streams.push(stream);
      done(this.refusal);
    });
    this.clock = clock;
  }

  get firsts(): number[] {
    return this.#firsts.splice(0);
  }

  send(data = "hello"): void {
    this.nodes.node("n1").send(connection, data);
    void this.direct.flushed();
  }

  acknowledge(count: number): void {
    const stream = this.streams.at(-1) as string;
    this.nodes.acknowledged("n1", { stream, count, received: undefined, sender: undefined });
  }
}

test("a node that was only taken for dead gets streams that it does not know", () => {
  const rig = new Rig();
  for (let lives = 0; lives < 3; lives++) {
    rig.send();
    rig.nodes.retire("n1");
    rig.send();
    rig.nodes.renewed("n1");
    rig.send();
    rig.nodes.retire("n1");
  }
  assert.deepEqual(rig.firsts, Array(9).fill(0));
  assert.equal(new Set(rig.streams).size, 9);
});

test("a node that was away and confirms the oldest commands gets the rest at once", () => {
  const rig = new Rig();
  for (let batch = 0; batch < 5; batch++) rig.send();
  assert.deepEqual(rig.firsts, [0, 1, 2, 3, 4]);
  // Nobody answers: the oldest asks whether anybody is there.
  rig.clock.advance(2_000);
  assert.deepEqual(rig.firsts, [0]);
  rig.acknowledge(1);
  assert.deepEqual(rig.firsts, [1, 2, 3, 4]);
  // Confirmed as they come, they are not repeated.
  for (const count of [2, 3, 4]) rig.acknowledge(count);
  assert.deepEqual(rig.firsts, []);
  rig.acknowledge(5);
  rig.clock.advance(10_000);
  assert.deepEqual(rig.firsts, []);
  assert.deepEqual(rig.codes, []);
});

test("commands that a living node never confirms are repeated for 60 s, then given up", () => {
  const rig = new Rig();
  rig.send();
  rig.clock.advance(58_000);
  const firsts = rig.firsts;
  assert.ok(firsts.length > 10 && firsts.every((first) => first === 0), `${firsts.length} times`);
  assert.deepEqual(rig.codes, []);
  rig.clock.advance(4_000);
  assert.deepEqual(rig.codes, ["ack-timeout"]);
  assert.ok(rig.firsts.length < 3);
  rig.clock.advance(60_000);
  assert.deepEqual(rig.firsts, [], "nothing of it is kept");
});

test("of commands that a node does not confirm no more than 32 MiB are kept", () => {
  const rig = new Rig();
  const megabyte = "x".repeat(1_048_576);
  for (let index = 0; index < 31; index++) rig.send(megabyte);
  assert.deepEqual([rig.firsts.length, rig.codes], [31, []]);
  for (let index = 0; index < 2; index++) rig.send(megabyte);
  assert.deepEqual([rig.firsts.length, rig.codes], [2, ["ack-timeout"]]);
});

for (const [what, how] of [
  ["renewed", "began a new life"],
  ["retire", "was taken for dead"],
] as const) {
  test(`nothing is repeated of what a node was told before it ${how}`, () => {
    const rig = new Rig();
    rig.send();
    rig.nodes[what]("n1");
    assert.deepEqual(rig.firsts, [0]);
    rig.clock.advance(120_000);
    assert.deepEqual([rig.firsts, rig.codes], [[], []]);
  });
}

test("what a node has not confirmed goes to it again as soon as the broker is back", () => {
  const rig = new Rig();
  for (let batch = 0; batch < 3; batch++) rig.send();
  rig.acknowledge(1);
  assert.equal(rig.firsts.length, 3);
  rig.connected(false);
  assert.deepEqual(rig.firsts, []);
  rig.connected(true);
  assert.deepEqual(rig.firsts, [1, 2]);
});

test("what waits for a node that is taken for dead goes out still, and is not kept", () => {
  const rig = new Rig();
  rig.nodes.node("n1").send(connection, "hello");
  rig.nodes.retire("n1");
  assert.deepEqual(rig.firsts, []);
  rig.clock.turn();
  assert.deepEqual(rig.firsts, [0]);
  assert.equal(rig.direct.bytes, 0);
  rig.connected(true);
  rig.clock.advance(10_000);
  assert.deepEqual(rig.firsts, []);
});

test("nodes that are gone do not pile up, and what waits for one is sent", () => {
  const rig = new Rig();
  const { nodeSendersMax } = originLimits;
  const send = (node: string): void => rig.nodes.node(node).send(target(`${node}.a`), "hello");
  send("alive");
  rig.clock.turn();
  rig.isGone = (node) => node !== "alive";
  const alive = rig.nodes.node("alive");
  for (let index = 0; index < nodeSendersMax - 2; index++) {
    send(`n${index}`);
    rig.clock.turn();
  }
  send("waits");
  const waits = rig.nodes.node("waits");
  send("makes-room");
  assert.equal(rig.direct.senders.size, 3);
  assert.equal(rig.nodes.node("alive"), alive);
  assert.equal(rig.nodes.node("waits"), waits, "what follows must not overtake what waits");
  rig.clock.turn();
  assert.equal(rig.firsts.length, 1 + nodeSendersMax);
  assert.deepEqual(rig.codes, []);
});

/** A broker takes 50,000 bytes a packet; the sizes of those that it was given. */
function limitedRig() {
  const sizes: number[] = [];
  const clock = new ManualClock();
  const rig = new SendRig(clock, false, (_topic, payload, done) => {
    sizes.push(payload.byteLength);
    done();
  });
  rig.link.packetBytesMax = 50_000;
  rig.connected(true);
  return { sizes, clock, rig };
}

test("a batch stays within the broker's packet limit, whatever follows in the same turn", () => {
  const { sizes, clock, rig } = limitedRig();
  for (const size of [30_000, 40_000]) {
    rig.nodes.node("n1").send(connection, "x".repeat(size));
    rig.groups.add(rig.groups.admit(["publish", "g", "x".repeat(size)]), "g");
  }
  clock.turn();
  assert.equal(sizes.length, 4);
  assert.ok(Math.max(...sizes) < 50_000, sizes.join());
});

test("a batch stays within that limit by its bytes, not by the characters of its texts", () => {
  const { sizes, clock, rig } = limitedRig();
  const sender = rig.nodes.node("n1");
  for (const text of ["x".repeat(30_000), "€".repeat(10_000)]) sender.send(connection, text);
  assert.throws(() => sender.send(connection, "€".repeat(20_000)), { code: "batch-too-big" });
  clock.turn();
  const rough = sizes.map((size) => Math.floor(size / 10_000));
  assert.deepEqual(rough, [3, 3]);
});

/** At QoS 0 the broker confirms the first batch, and loses others if it likes. */
function unreliable(): Rig {
  const rig = new Rig();
  rig.link.streamQos = 0;
  rig.send("first");
  rig.acknowledge(1);
  assert.deepEqual([rig.atMostOnce, rig.direct.bytes, rig.firsts], [[], 0, [0]]);
  return rig;
}

test("at QoS 0 a command counts in the queue until its node confirms it", async () => {
  const rig = unreliable();
  rig.send("one");
  rig.send("two");
  assert.deepEqual([rig.atMostOnce.length, rig.firsts], [2, [1, 2]]);
  const bytes = rig.direct.bytes;
  let flushed = false;
  const end = rig.direct.flushed().then(() => {
    flushed = true;
  });
  rig.acknowledge(2);
  await Promise.resolve();
  assert.ok(rig.direct.bytes > 0 && rig.direct.bytes < bytes && !flushed);
  rig.acknowledge(3);
  await end;
  assert.equal(rig.direct.bytes, 0);
});

test("at QoS 0 the broker has to confirm the first batch after a reconnect, and a probe", () => {
  const rig = unreliable();
  rig.send();
  rig.send();
  rig.atMostOnce.length = 0;
  rig.connected(false);
  rig.connected(true);
  assert.deepEqual([rig.firsts, rig.atMostOnce.length], [[1, 2, 1, 2], 1]);
  rig.clock.advance(2_000);
  assert.deepEqual([rig.firsts, rig.atMostOnce.length], [[1], 1]);
});

test("at QoS 0 commands wait here while 8 MiB wait for a node, and none is given up", () => {
  const rig = unreliable();
  const megabyte = "x".repeat(1_048_576);
  for (let index = 0; index < 40; index++) rig.send(megabyte);
  assert.equal(rig.firsts.length, 8);
  for (let count = 2; count <= 41; count++) rig.acknowledge(count);
  assert.deepEqual([rig.firsts.length, rig.codes, rig.direct.bytes], [32, [], 0]);
});

test("at QoS 0 a silent node with more than 32 MiB is given up before the queue is full", () => {
  const rig = unreliable();
  const megabyte = "x".repeat(1_048_576);
  for (let index = 0; index < 31; index++) rig.send(megabyte);
  rig.clock.advance(10_000);
  assert.deepEqual(rig.codes, [], "it may be silent for 60 s");
  for (let index = 0; index < 2; index++) rig.send(megabyte);
  rig.clock.advance(2_000);
  assert.deepEqual(rig.codes, ["ack-timeout"]);
});

test("at QoS 0 the queue gets back what a node had that is taken for dead", () => {
  const rig = unreliable();
  for (let batch = 0; batch < 3; batch++) rig.send();
  assert.ok(rig.direct.bytes > 0);
  rig.nodes.retire("n1");
  assert.equal(rig.direct.bytes, 0);
  rig.connected(true);
  assert.deepEqual(rig.firsts, [1, 2, 3], "nothing of it is repeated");
});

test("at QoS 0 commands to a node without a presence are confirmed by the broker", () => {
  const rig = unreliable();
  rig.lives = false;
  rig.send();
  rig.send();
  assert.deepEqual([rig.atMostOnce, rig.direct.bytes], [[], 0]);
});

test("at QoS 0 a probe that the broker refuses is told, and begins a new stream", () => {
  const rig = unreliable();
  rig.send();
  rig.refusal = new ServiceError("publish-refused", "the rules have changed");
  rig.clock.advance(2_000);
  assert.deepEqual([rig.codes, rig.direct.bytes], [["publish-refused"], 0]);
  rig.refusal = undefined;
  rig.send();
  assert.equal(new Set(rig.streams).size, 2);
});
