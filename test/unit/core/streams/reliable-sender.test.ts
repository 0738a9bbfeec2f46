import assert from "node:assert/strict";
import { test } from "node:test";
import { type ErrorCode, limits, ServiceError } from "../../../../core/base/mod.ts";
import {
  type NumberedBatch,
  type PublishAnswer,
  ReliableSender,
} from "../../../../core/streams/mod.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { SenderRig as Rig } from "./sender-rig.ts";

const failed = (code: ErrorCode): ServiceError => new ServiceError(code, "as the test wants it");

test("an acknowledgement is cumulative, and counts items, not batches", () => {
  const rig = new Rig();
  rig.add(4);
  assert.equal(rig.sender.acknowledge(5), false);
  assert.deepEqual(rig.stand, [5, 8, 3, 20], "a batch that is half acknowledged is kept whole");
  assert.equal(rig.sender.oldestAvailable, 4);
  rig.sender.acknowledge(8);
  assert.deepEqual(rig.stand, [8, 8, 0, 0]);
  assert.equal(rig.sender.oldestAvailable, 8);
});

test("an acknowledgement that comes late, twice, or of what was not sent changes nothing", () => {
  const rig = new Rig();
  rig.add(3);
  rig.sender.acknowledge(4);
  for (const nonsense of [4, 3, 0, -1, 7, 1e9]) {
    rig.sender.acknowledge(nonsense);
    assert.deepEqual(rig.stand, [4, 6, 2, 10], `${nonsense}`);
  }
});

test("a gap is repeated at once, from where it is, at most once in 100 ms", () => {
  const rig = new Rig();
  rig.add(3);
  rig.published;
  assert.equal(rig.sender.acknowledge(0, 3), true);
  assert.deepEqual(rig.published, [2, 4], "the batch that holds the item, and what follows");
  assert.equal(rig.sender.acknowledge(0, 2), false);
  rig.clock.advance(limits.repeatGapMs);
  assert.equal(rig.sender.acknowledge(0, 6), false, "nothing follows");
  assert.deepEqual(rig.published, []);
  assert.equal(rig.sender.acknowledge(2, 2), true);
  assert.deepEqual(rig.published, [2, 4]);
});

test("what is not acknowledged is published first after a reconnect, then what is new", () => {
  const rig = new Rig();
  rig.add(3);
  rig.sender.acknowledge(2);
  rig.sender.connected(false);
  rig.add(1);
  assert.deepEqual(rig.published, [0, 2, 4]);
  rig.sender.connected(true);
  assert.deepEqual(rig.published, [2, 4, 6]);
});

test("what was published stays published while it is published again", () => {
  const rig = new Rig();
  rig.add(3);
  rig.answer = undefined;
  rig.sender.inFlightMax = 1;
  rig.sender.connected(false);
  rig.sender.connected(true);
  rig.sender.acknowledge(2);
  assert.equal(rig.sender.idle, false, "the receiver may know the others from before");
});

test("a silent receiver is sent the oldest batch again, after 2, 4, … 30 s", () => {
  const rig = new Rig();
  rig.add(2);
  rig.published;
  const probes: number[] = [];
  for (let second = 1; second <= 130; second++) {
    rig.clock.advance(1_000);
    if (rig.sender.probe()) probes.push(second);
  }
  assert.deepEqual(probes, [2, 6, 14, 30, 60, 90, 120]);
  assert.deepEqual(rig.published, Array(7).fill(0));
  assert.equal(rig.sender.silentMs, 130_000);
  rig.sender.acknowledge(2, 4);
  assert.equal(rig.sender.silentMs, 0);
  rig.clock.advance(2_000);
  assert.equal(rig.sender.probe(), true);
  assert.deepEqual(rig.published, [2]);
});

test("a sender that waits for nothing, or has no transport, probes nobody", () => {
  const rig = new Rig();
  rig.clock.advance(60_000);
  rig.add(1);
  assert.equal(rig.sender.probe(), false, "silence counts from the first batch on");
  rig.sender.connected(false);
  rig.clock.advance(60_000);
  assert.equal(rig.sender.probe(), false);
  assert.equal(rig.sender.silentMs, 0);
  rig.sender.connected(true);
  assert.equal(rig.sender.silentMs, 0);
});

test("behind a probe that was taken as new everything is repeated", () => {
  const rig = new Rig();
  rig.add(3);
  rig.clock.advance(limits.ackProbeMs);
  rig.sender.probe();
  rig.published;
  assert.equal(rig.sender.acknowledge(0), false, "an older word says nothing of it");
  assert.equal(rig.sender.acknowledge(2), true);
  assert.deepEqual(rig.published, [2, 4]);
});

test("what was published since a probe is not repeated when that is acknowledged", () => {
  const rig = new Rig();
  rig.add(1);
  rig.clock.advance(limits.ackProbeMs);
  rig.sender.probe();
  rig.add(1);
  assert.deepEqual(rig.published, [0, 0, 2]);
  rig.sender.acknowledge(2);
  assert.deepEqual(rig.published, []);
});

test("a probe that the receiver knew repeats nothing", () => {
  const rig = new Rig();
  rig.add(3);
  rig.clock.advance(limits.ackProbeMs);
  rig.sender.probe();
  rig.published;
  assert.equal(rig.sender.acknowledge(0, 6), false);
  assert.equal(rig.sender.acknowledge(2), false);
  assert.deepEqual(rig.published, []);
});

test("so many batches are on their way, and the flow gathers while one is", () => {
  const rig = new Rig();
  rig.answer = undefined;
  rig.add(100);
  assert.equal(rig.published.length, limits.eventWindowBatchesMax);
  rig.waiting = 1;
  rig.answers.shift()?.();
  assert.deepEqual(rig.published, [2 * limits.eventWindowBatchesMax]);
  assert.equal(rig.waiting, 1, "nothing is taken");
  while (rig.answers.length > 0) rig.answers.shift()?.();
  assert.equal(rig.waiting, 0);
  assert.equal(rig.published.at(-1), 200);
});

test("a transport that answers within the call that its connection is lost is left alone", () => {
  const rig = new Rig();
  rig.answer = { error: failed("broker-lost") };
  rig.waiting = 5;
  rig.sender.pump();
  assert.deepEqual(rig.published, [0], "nothing more until it is connected again");
  rig.answer = { error: undefined };
  rig.sender.connected(true);
  assert.deepEqual(rig.published.slice(0, 2), [0, 2]);
});

test("a transport's answers acknowledge from the oldest batch on; failures too", () => {
  const rig = new Rig("transport");
  rig.answer = undefined;
  rig.add(4);
  rig.answers[1]?.(failed("publish-refused"));
  assert.equal(rig.sender.acknowledged, 0);
  rig.answers[3]?.(failed("broker-lost"));
  rig.answers[2]?.();
  rig.sender.connected(false);
  rig.published;
  rig.sender.connected(true);
  assert.deepEqual(rig.published, [0, 6], "what it has is not repeated");
  rig.answers[0]?.();
  assert.equal(rig.sender.acknowledged, 6);
});

test("a frozen sender publishes what is there, again too, and nothing new", () => {
  const rig = new Rig();
  rig.waiting = 1;
  rig.sender.freeze();
  rig.add(1);
  assert.deepEqual(rig.published, [0]);
  rig.sender.connected(false);
  rig.sender.connected(true);
  assert.deepEqual(rig.published, [0]);
  assert.equal(rig.sender.idle, false);
  rig.sender.acknowledge(2);
  assert.equal(rig.sender.idle, true);
});

test("what a sender gives up stays given up, whatever is answered later", () => {
  const rig = new Rig();
  rig.answer = undefined;
  rig.add(3);
  rig.sender.acknowledge(3);
  const firsts = rig.sender.takeUnacknowledged().map(({ first }) => first);
  assert.deepEqual(firsts, [2, 4]);
  rig.published;
  for (const answered of rig.answers) answered();
  rig.sender.connected(true);
  assert.deepEqual(rig.published, []);
  assert.equal(rig.sender.bytes, 0);
});

test("batches are numbered without a gap", () => {
  const rig = new Rig();
  rig.add(1);
  assert.throws(() => rig.sender.add({ first: 3, count: 1, payload: new Uint8Array(1) }));
});

test("a flow is asked for more while few batches are on their way, and told how many are", () => {
  const asked: number[] = [];
  const answers: PublishAnswer[] = [];
  let next = 0;
  const take = (inFlight: number): NumberedBatch | undefined => {
    asked.push(inFlight);
    return next < 5 ? { first: next++, count: 1, payload: new Uint8Array(1) } : undefined;
  };
  const publish = (_: NumberedBatch, answered: PublishAnswer) => void answers.push(answered);
  const flow = { take, publish, progressed: () => {} };
  const sender = new ReliableSender(new ManualClock(), flow, "receiver");
  sender.inFlightTarget = 3;
  sender.connected(true);
  assert.deepEqual(asked, [0, 1, 2]);
  answers.shift()?.();
  assert.deepEqual(asked, [0, 1, 2, 2]);
});

test("after an outage a batch that nobody subscribed to is tried again, alone", () => {
  const rig = new Rig("transport");
  rig.answer = undefined;
  rig.sender.connected(false);
  rig.add(3);
  rig.sender.reconnected(true);
  assert.deepEqual(rig.published, [0]);
  const nobody = new ServiceError("no-subscriber", "nobody");
  rig.answers.shift()?.(nobody);
  assert.deepEqual([rig.published, rig.failures], [[], []]);
  rig.clock.advance(limits.resubscribeEveryMs);
  assert.deepEqual(rig.published, [0]);
  rig.answers.shift()?.();
  assert.deepEqual(rig.published, [2, 4], "a subscriber is there");
  rig.answers.shift()?.(nobody);
  assert.deepEqual([rig.failures, rig.stand[0]], [["no-subscriber"], 4]);
});

test("a sender that waits for subscribers stops where it is cut off", () => {
  for (const end of ["connected", "takeUnacknowledged"] as const) {
    const rig = new Rig("transport");
    rig.sender.connected(false);
    rig.add(1);
    rig.sender.reconnected(false);
    if (end === "connected") rig.sender.connected(false);
    else rig.sender.takeUnacknowledged();
    rig.clock.advance(limits.resubscribeMs);
    assert.deepEqual(rig.published, [], end);
  }
});

test("the transport confirms the first batch after a connect, and may lose what follows", () => {
  const rig = new Rig();
  rig.answer = undefined;
  rig.waiting = 2;
  rig.sender.pump();
  assert.deepEqual([rig.published, rig.atMostOnce], [[0], []]);
  rig.answers.shift()?.();
  assert.deepEqual([rig.published, rig.atMostOnce], [[2], [2]]);
  rig.answers.shift()?.();
  rig.sender.connected(false);
  rig.sender.connected(true);
  assert.deepEqual([rig.published, rig.atMostOnce], [[0, 2], []], "again after each connect");
  rig.answers.shift()?.();
  rig.add(1);
  assert.deepEqual(rig.atMostOnce, [4]);
});

test("a refusal proves nothing: the next batch is to be confirmed too", () => {
  const rig = new Rig();
  rig.answer = { error: failed("publish-refused") };
  rig.add(2);
  assert.deepEqual([rig.published, rig.atMostOnce], [[0, 2], []]);
});

test("a probe is confirmed by the transport, which may refuse it by now", () => {
  const rig = new Rig();
  rig.add(2);
  assert.deepEqual([rig.published, rig.atMostOnce], [[0, 2], [2]]);
  rig.clock.advance(limits.ackProbeMs);
  rig.sender.probe();
  assert.deepEqual([rig.published, rig.atMostOnce], [[0], []]);
});

test("where the transport's word counts from now on, what it took before is acknowledged", () => {
  const rig = new Rig();
  const acknowledged: number[] = [];
  rig.acknowledged = acknowledged;
  rig.add(3);
  assert.deepEqual(acknowledged, []);
  rig.sender.acknowledgedBy = "transport";
  assert.deepEqual([rig.sender.idle, acknowledged], [true, [0, 2, 4]]);
});

test("a long line of batches that are answered within the call goes out without recursion", () => {
  const rig = new Rig();
  rig.sender.connected(false);
  rig.add(20_000);
  rig.sender.connected(true);
  assert.equal(rig.published.length, 20_000);
});

test("what is repeated goes out 500 batches ahead of the receiver, and new ones after it", () => {
  const rig = new Rig();
  rig.add(1_500);
  rig.published;
  rig.sender.acknowledge(0, 0);
  assert.deepEqual(rig.published.at(-1), 2 * 499);
  rig.waiting = 1;
  rig.sender.pump();
  assert.deepEqual([rig.published, rig.waiting], [[], 1]);
  rig.sender.acknowledge(200);
  const more = rig.published;
  assert.deepEqual([more.length, more[0], more.at(-1)], [100, 1_000, 1_198]);
  for (let count = 400; count <= 3_000; count += 200) rig.sender.acknowledge(count);
  assert.deepEqual([rig.published.at(-1), rig.waiting], [3_000, 0]);
});

test("what a receiver says that it has is not repeated to it any more", () => {
  const rig = new Rig();
  rig.add(1_500);
  rig.sender.acknowledge(0, 0);
  rig.published;
  // It had most of them. Its handlers are slow.
  rig.sender.acknowledge(0, 2_900);
  rig.clock.advance(limits.repeatGapMs);
  rig.sender.acknowledge(2_000);
  assert.deepEqual(
    rig.published,
    Array.from({ length: 50 }, (_, index) => 2_900 + 2 * index),
  );
});

test("a clock that is set back keeps nothing from being repeated", () => {
  const rig = new Rig();
  rig.add(3);
  rig.published;
  assert.equal(rig.sender.acknowledge(0, 2), true);
  assert.deepEqual(rig.published, [2, 4]);
  rig.clock.set(-3_600_000);
  rig.clock.advance(limits.repeatGapMs);
  assert.equal(rig.sender.acknowledge(0, 2), true);
  assert.deepEqual(rig.published, [2, 4]);
  rig.clock.advance(limits.ackProbeMs);
  assert.equal(rig.sender.probe(), true);
  assert.deepEqual(rig.published, [0]);
});

test("a clock that is set on makes no receiver a silent one", () => {
  const rig = new Rig();
  rig.add(1);
  rig.clock.advance(1_000);
  rig.clock.set(3_600_000);
  assert.equal(rig.sender.silentMs, 1_000);
});

test("batches within a range are acknowledged ahead of others, and not repeated", () => {
  const rig = new Rig();
  rig.add(6);
  assert.deepEqual(rig.published, [0, 2, 4, 6, 8, 10]);
  rig.sender.acknowledge(1, undefined, [
    [3, 6],
    [8, 10],
  ]);
  assert.deepEqual(rig.acknowledged, [4, 8], "one that begins before a range is kept");
  assert.deepEqual(rig.stand, [1, 12, 7, 40]);
  assert.equal(rig.sender.sparse, true);
  const numbers = [1, 2, 4, 5, 6, 8, 9, 10, 12, 13];
  const known = numbers.filter((number) => rig.sender.isAcknowledged(number));
  assert.deepEqual(known, [1, 5, 6, 9, 10]);
  rig.sender.connected(false);
  rig.sender.connected(true);
  assert.deepEqual(rig.published, [0, 2, 6, 10]);
  rig.sender.acknowledge(8);
  assert.deepEqual(rig.stand, [8, 12, 2, 10]);
  assert.equal(rig.sender.sparse, true, "8 and 9 are acknowledged, and 10 is not");
  rig.sender.acknowledge(10);
  assert.equal(rig.sender.sparse, false);
});

test("a range beyond what was published acknowledges nothing", () => {
  const rig = new Rig();
  rig.add(2);
  rig.sender.acknowledge(0, undefined, [
    [2, 5],
    [9, 3],
    [100, 200],
  ]);
  assert.deepEqual(rig.stand, [0, 4, 4, 20]);
});

test("what was published stays published where batches before it are acknowledged", () => {
  const rig = new Rig();
  rig.add(4);
  assert.deepEqual(rig.published, [0, 2, 4, 6]);
  rig.sender.acknowledge(0, undefined, [[2, 6]]);
  rig.add(1);
  assert.deepEqual(rig.published, [8], "each once, and the new one");
});
