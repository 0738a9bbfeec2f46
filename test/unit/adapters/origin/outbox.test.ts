import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { ManualClock } from "../../../../adapters/memory/mod.ts";
import type { MqttLink } from "../../../../adapters/mqtt/link/mqtt-link.ts";
import { Topics } from "../../../../adapters/mqtt/wire/topics.ts";
import { packId } from "../../../../adapters/origin/dispatch/connection.ts";
import { Outbox } from "../../../../adapters/origin/send/outbox.ts";
import type { Clock } from "../../../../core/ports/mod.ts";

test("a node that was only taken for dead gets streams that it does not know", () => {
  const streams: string[] = [];
  const link = {
    up: true,
    packetBytesMax: undefined,
    publish: (_: string, payload: Uint8Array, done: () => void) => {
      const [, stream, first] = decode(payload) as [number, string, number];
      assert.equal(first, 0);
      streams.push(stream);
      done();
    },
  };
  const clock: Clock = {
    now: () => 0,
    after: () => () => {},
    endOfTurn: (run) => run(),
  };
  const outbox = new Outbox(link as unknown as MqttLink, clock, {
    ...{ app: "default", name: "o1", incarnation: "i1", json: false, topics: new Topics() },
    failed: (error) => assert.fail(error),
    lives: () => true,
  });
  for (let lives = 0; lives < 3; lives++) {
    outbox.node("n1").send(packId("n1.a"), "hello");
    outbox.retire("n1");
    outbox.node("n1").send(packId("n1.a"), "hello");
    outbox.renewed("n1");
    outbox.node("n1").send(packId("n1.a"), "hello");
    outbox.retire("n1");
  }
  assert.equal(new Set(streams).size, streams.length);
});

test("a node that was away and confirms the oldest commands gets the rest at once", () => {
  const firsts: number[] = [];
  const link = {
    up: true,
    packetBytesMax: undefined,
    publish: (_: string, payload: Uint8Array, done: () => void) => {
      firsts.push((decode(payload) as [number, string, number])[2]);
      done();
    },
  };
  const clock = new ManualClock();
  const outbox = new Outbox(link as unknown as MqttLink, clock, {
    ...{ app: "default", name: "o1", incarnation: "i1", json: false, topics: new Topics() },
    failed: (error) => assert.fail(error),
    lives: () => true,
  });
  const node = outbox.node("n1");
  for (let batch = 0; batch < 5; batch++) {
    node.send(packId("n1.a"), "hello");
    void outbox.flushed();
  }
  assert.deepEqual(firsts.splice(0), [0, 1, 2, 3, 4]);
  // Nobody answers: the oldest asks whether anybody is there.
  clock.advance(2_000);
  assert.deepEqual(firsts.splice(0), [0]);
  outbox.acknowledged("n1", { stream: node.stream, count: 1, gap: false });
  assert.deepEqual(firsts.splice(0), [1, 2, 3, 4]);
  // Confirmed as they come, they are not repeated.
  for (const count of [2, 3, 4]) {
    outbox.acknowledged("n1", { stream: node.stream, count, gap: false });
  }
  assert.deepEqual(firsts, []);
  outbox.acknowledged("n1", { stream: node.stream, count: 5, gap: false });
  clock.advance(10_000);
  assert.deepEqual(firsts, []);
});

/** An outbox whose node never answers, and what it told of it. */
function unanswered(): { outbox: Outbox; clock: ManualClock; told: string[]; sent: number[] } {
  const [told, sent]: [string[], number[]] = [[], []];
  const link = {
    up: true,
    packetBytesMax: undefined,
    publish: (_: string, payload: Uint8Array, done: () => void) => {
      sent.push((decode(payload) as [number, string, number])[2]);
      done();
    },
  };
  const clock = new ManualClock();
  const outbox = new Outbox(link as unknown as MqttLink, clock, {
    ...{ app: "default", name: "o1", incarnation: "i1", json: false, topics: new Topics() },
    failed: (error) => void told.push(error.code),
    lives: () => true,
  });
  return { outbox, clock, told, sent };
}

test("commands that a living node never confirms are repeated for 60 s, then given up", () => {
  const { outbox, clock, told, sent } = unanswered();
  outbox.node("n1").send(packId("n1.a"), "hello");
  void outbox.flushed();
  clock.advance(58_000);
  assert.ok(sent.length > 10 && sent.every((first) => first === 0), `${sent.length} times`);
  assert.deepEqual(told, []);
  clock.advance(4_000);
  assert.deepEqual(told, ["ack-timeout"]);
  sent.length = 0;
  clock.advance(60_000);
  assert.deepEqual(sent, [], "nothing of it is kept");
});

test("of commands that a node does not confirm no more than 32 MiB are kept", () => {
  const { outbox, told, sent } = unanswered();
  const megabyte = "x".repeat(1_048_576);
  for (let index = 0; index < 31; index++) {
    outbox.node("n1").send(packId("n1.a"), megabyte);
    void outbox.flushed();
  }
  assert.deepEqual([sent.length, told], [31, []]);
  for (let index = 0; index < 2; index++) {
    outbox.node("n1").send(packId("n1.a"), megabyte);
    void outbox.flushed();
  }
  assert.deepEqual([sent.length, told], [33, ["ack-timeout"]]);
});

test("a node that began a new life is not sent what its last one was told", () => {
  const { outbox, clock, told, sent } = unanswered();
  outbox.node("n1").send(packId("n1.a"), "hello");
  void outbox.flushed();
  outbox.renewed("n1");
  sent.length = 0;
  clock.advance(60_000);
  assert.deepEqual([sent, told], [[], []]);
});

test("what a node has not confirmed goes to it again as soon as the broker is back", () => {
  const { outbox, sent } = unanswered();
  for (let batch = 0; batch < 3; batch++) {
    outbox.node("n1").send(packId("n1.a"), "hello");
    void outbox.flushed();
  }
  outbox.acknowledged("n1", { stream: outbox.node("n1").stream, count: 1, gap: false });
  sent.length = 0;
  outbox.connected(false);
  assert.deepEqual(sent, []);
  outbox.connected(true);
  assert.deepEqual(sent, [1, 2]);
});
