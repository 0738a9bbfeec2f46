import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { limits } from "../../../../core/base/mod.ts";
import { FlushTracker } from "../../../../core/commands/flush-tracker.ts";
import type { PendingReply } from "../../../../core/commands/pending-reply.ts";
import type { Connection } from "../../../../core/connection/connection.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { idOf, messagesOf } from "../../../support/memory-node/memory-node.ts";
import { ReplyRig } from "../../../support/memory-node/reply-rig.ts";

test("sent: told when the kernel has the message, with the turn's flush", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  rig.node.local([["send", idOf(socket), "hi", { ref: "r" }]]);
  assert.deepEqual(messagesOf(socket), []);
  assert.deepEqual(await rig.replies(), [["r", { [idOf(socket)]: "sent" }]]);
  assert.deepEqual(messagesOf(socket), ["hi"]);
});

test("sent: waits for a client that does not read at once, and looks again", async () => {
  const rig = await ReplyRig.start();
  const timers = rig.clock.pendingTimers;
  const [slow, fast] = [rig.node.connect(), rig.node.connect()];
  slow.block();
  const ids = [idOf(slow), idOf(fast)];
  assert.deepEqual(await rig.do(["send", ids, "hi", { ref: 1 }]), []);
  assert.deepEqual(await rig.do(["send", idOf(fast), "alone", { ref: 2 }]), [
    [2, { [ids[1]!]: "sent" }],
  ]);
  assert.deepEqual(await rig.wait(1_000), []);
  slow.unblock();
  assert.deepEqual(await rig.wait(limits.sentTickMs), [
    [1, { [ids[0]!]: "sent", [ids[1]!]: "sent" }],
  ]);
  assert.equal(rig.clock.pendingTimers, timers, "nothing is looked at any more");
});

test("slow: when the kernel has not taken it in time; the message stays queued", async () => {
  const rig = await ReplyRig.start();
  const timers = rig.clock.pendingTimers;
  const socket = rig.node.connect();
  socket.block();
  await rig.do(["send", idOf(socket), "one", { ref: 1 }]);
  await rig.wait(1_000);
  await rig.do(["send", idOf(socket), "two", { ref: 2 }]);
  assert.deepEqual(await rig.wait(limits.sentWaitMs - 1_000 - 1), []);
  assert.deepEqual(await rig.wait(1), [[1, { [idOf(socket)]: "slow" }]]);
  assert.deepEqual(await rig.wait(1_000), [[2, { [idOf(socket)]: "slow" }]]);
  assert.equal(rig.clock.pendingTimers, timers);
  socket.unblock();
  assert.deepEqual(messagesOf(socket), ["one", "two"]);
});

test("slow: who left too much unread is closed, and all that waited is told", async () => {
  const rig = await ReplyRig.start({ sendQueueBytesMax: 10 });
  const socket = rig.node.connect();
  const id = idOf(socket);
  socket.block();
  assert.deepEqual(await rig.do(["send", id, "12345678", { ref: 1 }]), []);
  const replies = await rig.do(
    ["send", id, "123", { ref: 2 }],
    ["send", id, "1", { ref: 3 }],
    ["publish", "@all", "x", { ref: 4 }],
  );
  const closed = { node: "n", sent: 0, slow: 1, gone: 0, expired: 0 };
  assert.deepEqual(replies, [
    [2, { [id]: "slow" }],
    [3, { [id]: "slow" }],
    [4, closed],
  ]);
  assert.deepEqual(await rig.wait(limits.sentTickMs), [[1, { [id]: "slow" }]]);
  assert.deepEqual(await rig.do(["send", id, "later", { ref: 5 }]), [[5, { [id]: "gone" }]]);
  socket.unblock();
  assert.deepEqual(socket.delivered.at(-1), {
    type: "close",
    closeCode: 1_013,
    closeReason: "slow",
  });
});

test("gone: a client that leaves while its message waits", async () => {
  const rig = await ReplyRig.start();
  const [leaves, breaks, closed] = [rig.node.connect(), rig.node.connect(), rig.node.connect()];
  const ids = [leaves, breaks, closed].map(idOf);
  for (const socket of [leaves, breaks, closed]) socket.block();
  assert.deepEqual(await rig.do(["send", ids, "hi", { ref: 1 }]), []);
  leaves.clientCloses(1_000, "");
  breaks.cut();
  assert.deepEqual(await rig.do(["close", ids[2]!, 4_000, "", { ref: 2 }]), [
    [2, { [ids[2]!]: "closed" }],
  ]);
  const outcomes = Object.fromEntries(ids.map((id) => [id, "gone"]));
  assert.deepEqual(await rig.wait(limits.sentTickMs), [[1, outcomes]]);
});

test("gone: a client that has left before the turn's flush got nothing", async () => {
  const rig = await ReplyRig.start();
  const [leaves, breaks] = [rig.node.connect(), rig.node.connect()];
  const ids = [idOf(leaves), idOf(breaks)];
  rig.node.local([["send", ids, "hi", { ref: 1 }]]);
  leaves.clientCloses(1_000, "");
  breaks.cut();
  const outcomes = Object.fromEntries(ids.map((id) => [id, "gone"]));
  assert.deepEqual(await rig.replies(), [[1, outcomes]]);
});

test("sent: what a close of the same batch follows has gone out before it", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  const id = idOf(socket);
  const replies = await rig.do(["send", id, "bye", { ref: 1 }], ["close", id, { ref: 2 }]);
  assert.deepEqual(
    new Map(replies as [number, unknown][]),
    new Map([
      [1, { [id]: "sent" }],
      [2, { [id]: "closed" }],
    ]),
  );
  assert.deepEqual(messagesOf(socket), ["bye"]);
});

test("ids: unknown ones are gone, another node's are silent, repeated ones one", async () => {
  const rig = await ReplyRig.start();
  const [here, left] = [rig.node.connect(), rig.node.connect()];
  left.cut();
  const foreign = `m${idOf(here).slice(1)}`;
  const ids = [idOf(here), idOf(left), foreign, idOf(here), "__proto__"];
  rig.broker.command("default", "o", undefined, encode([["send", ids, "hi", { ref: 1 }]]));
  rig.broker.command("default", "o", undefined, encode([["send", foreign, "hi", { ref: 2 }]]));
  assert.deepEqual(await rig.replies(), [[1, { [idOf(here)]: "sent", [idOf(left)]: "gone" }]]);
  assert.deepEqual(messagesOf(here), ["hi", "hi"]);
  // Origins' decoders refuse that key with all that is around it.
  assert.equal((await rig.do(["send", ["__proto__", "no id"], "x", { ref: 3 }])).length, 1);
});

test("a thousand ids in each reply", async () => {
  const rig = await ReplyRig.start();
  const sockets = Array.from({ length: 2 * limits.replyIdsMax + 5 }, () => rig.node.connect());
  const ids = sockets.map(idOf);
  const replies = await rig.do(["send", ids, "hi", { ref: 1 }]);
  const results = replies.map(([ref, result]) => {
    assert.equal(ref, 1);
    return Object.keys(result as object);
  });
  const lengths = results.map(({ length }) => length);
  assert.deepEqual(lengths, [limits.replyIdsMax, limits.replyIdsMax, 5]);
  assert.deepEqual(results.flat(), ids);
  assert.ok(sockets.every((socket) => messagesOf(socket).length === 1));
});

test("publish: how many members had which outcome, when all are known", async () => {
  const rig = await ReplyRig.start({ sendQueueBytesMax: 10 });
  const sockets = Array.from({ length: 5 }, () => rig.node.connect());
  const [, waits, full, , apart] = sockets;
  await rig.do(["join", sockets.map(idOf), "g"]);
  full!.block();
  await rig.do(["send", idOf(full!), "1234567890"]);
  waits!.block();
  assert.deepEqual(await rig.do(["publish", "g", "x", { ref: 1, except: idOf(apart!) }]), []);
  const counts = { node: "n", sent: 2, slow: 2, gone: 0, expired: 0 };
  assert.deepEqual(await rig.wait(limits.sentWaitMs), [[1, counts]]);
  assert.deepEqual(messagesOf(apart!), []);
  const none = { node: "n", sent: 0, slow: 0, gone: 0, expired: 0 };
  assert.deepEqual(await rig.do(["publish", "nobody", "x", { ref: 2 }]), [[2, none]]);
  assert.deepEqual(await rig.do(["publish", "", "x", { ref: 3 }]), [
    [3, { node: "n", error: "group-name" }],
  ]);
});

test("ttl: counts from `at`, else from the arrival; 0 is always over", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  const now = rig.clock.now();
  const outcomes: readonly [options: Record<string, unknown>, outcome: string][] = [
    [{ ttl: 1_000, at: now }, "sent"],
    [{ ttl: 1_000, at: now - 1_000 }, "sent"],
    [{ ttl: 1_000, at: now - 1_001 }, "expired"],
    [{ ttl: 1_000, at: now + 5_000 }, "sent"],
    [{ ttl: 1_000 }, "sent"],
    [{ ttl: 0 }, "expired"],
    [{ ttl: 0, at: now + 5_000 }, "expired"],
    [{ ttl: 0.5, at: now - 1 }, "expired"],
    [{ ttl: null, at: 0 }, "sent"],
    [{ at: 0 }, "sent"],
  ];
  for (const [options, outcome] of outcomes) {
    const said = JSON.stringify(options);
    const replies = await rig.do(
      ["send", idOf(socket), said, { ...options, ref: 1 }],
      ["publish", "@all", said, { ...options, ref: 2 }],
    );
    const counts = { node: "n", sent: 0, slow: 0, gone: 0, expired: 0, [outcome]: 1 };
    const expected = new Map<unknown, unknown>([
      [1, { [idOf(socket)]: outcome }],
      [2, counts],
    ]);
    assert.deepEqual(new Map(replies as [unknown, unknown][]), expected, said);
    const got = messagesOf(socket).filter((message) => message === said).length;
    assert.equal(got, outcome === "sent" ? 2 : 0, said);
  }
  assert.equal(rig.node.errors("message-expired"), 8);
  const ttls = [-1, Number.NaN, "1", [], {}].map((ttl) => ({ ttl }));
  for (const options of [...ttls, { ttl: 1, at: "then" }, { at: -1 }]) {
    const malformed = { node: "n", error: "command-malformed" };
    const replies = await rig.do(["send", idOf(socket), "x", { ...options, ref: 1 }]);
    assert.deepEqual(replies, [[1, malformed]]);
  }
  assert.equal(rig.node.errors("command-malformed"), 7);
});

/** A reply, and the outcomes that it was told. */
function collected(): { readonly outcomes: string[]; readonly answer: PendingReply } {
  const outcomes: string[] = [];
  const answer: PendingReply = {
    expect: () => {},
    settle: (_, outcome) => outcomes.push(outcome),
    end: () => {},
  };
  return { outcomes, answer };
}

test("sent: with compression not by counting, because fewer bytes wait than were sent", () => {
  const clock = new ManualClock();
  const { outcomes, answer } = collected();
  for (const compressed of [false, true]) {
    const waits = new FlushTracker(clock, compressed);
    const socket = { bufferedAmount: 0 };
    const connection = { id: "c", socket, sentBytes: 0, closing: undefined };
    // Two messages of 1,000 bytes; compressed each is 100, and the kernel has none of them.
    for (const buffered of [100, 200]) {
      connection.sentBytes += 1_000;
      socket.bufferedAmount = compressed ? buffered : 10 * buffered;
      waits.add(answer, connection as unknown as Connection);
      waits.flushed();
    }
    clock.advance(limits.sentTickMs);
    assert.deepEqual(outcomes.splice(0), [], "none is sent");
    socket.bufferedAmount = compressed ? 100 : 1_000;
    clock.advance(limits.sentTickMs);
    assert.deepEqual(outcomes.splice(0), compressed ? [] : ["sent"]);
    socket.bufferedAmount = 0;
    clock.advance(limits.sentTickMs);
    assert.deepEqual(outcomes.splice(0), compressed ? ["sent", "sent"] : ["sent"]);
    assert.equal(clock.pendingTimers, 0);
  }
});

test("slow: after its time, also where the clock is set back meanwhile", () => {
  const clock = new ManualClock();
  const { outcomes, answer } = collected();
  const waits = new FlushTracker(clock, false);
  const connection = { id: "c", socket: { bufferedAmount: 9 }, sentBytes: 9, closing: undefined };
  waits.add(answer, connection as unknown as Connection);
  waits.flushed();
  clock.set(-3_600_000);
  clock.advance(limits.sentWaitMs - limits.sentTickMs);
  assert.deepEqual(outcomes, []);
  clock.advance(2 * limits.sentTickMs);
  assert.deepEqual(outcomes, ["slow"]);
});

/** A batch of an origin's stream to the node. */
function give(rig: ReplyRig, batch: readonly unknown[], sender = "o1"): Promise<void> {
  rig.broker.command("default", sender, "n", encode(batch));
  return rig.rest();
}

test("numbered commands: two senders' streams of one name are two", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  for (const sender of ["o1", "o2"]) {
    await give(rig, [1, "guessed", 0, [["send", idOf(socket), `of ${sender}`]]], sender);
  }
  assert.deepEqual(messagesOf(socket), ["of o1", "of o2"]);
});

test("numbered commands: nothing past a gap is carried out, and nothing twice", async () => {
  const rig = await ReplyRig.start();
  const { broker, clock, node } = rig;
  const acks: unknown[] = [];
  broker.onEvents(({ batch }) => {
    const value = decode(batch) as unknown[][];
    if (!Array.isArray(value[0]) || value[0][0] !== "ack") return;
    for (const [, stream, ...more] of value) {
      acks.push([stream, ...more.filter((one) => typeof one === "number")]);
    }
  });
  const socket = node.connect();
  const send = async (first: number, ...texts: readonly string[]): Promise<void> => {
    const items = texts.map((text) => ["send", idOf(socket), text]);
    await give(rig, [1, "o1:i:n:0", first, items, { base: 0 }]);
    clock.advance(10);
    await rig.rest();
  };
  await send(0, "a", "b");
  await send(3, "d", "e");
  assert.deepEqual(messagesOf(socket), ["a", "b"], "c is missing");
  await send(1, "b", "c");
  await send(3, "d", "e");
  await send(3, "d", "e");
  assert.deepEqual(messagesOf(socket), ["a", "b", "c", "d", "e"]);
  const expected = [[2], [2, 2], [3], [5], [5]];
  assert.deepEqual(
    acks,
    expected.map((counts) => ["o1:i:n:0", ...counts]),
  );
  assert.equal(node.errors("batch-gap"), 1);
});

test("numbered commands: a gap is counted, and told where it stays one", async () => {
  const rig = await ReplyRig.start();
  const { clock, node } = rig;
  const publish = (stream: string, first: number): Promise<void> =>
    give(rig, [1, stream, first, [["publish", "g", "x"]], 0]);
  const warnings = (): string[] =>
    node.logger.records
      .filter(({ level, fields }) => level === "warn" && fields.code !== "command-malformed")
      .map(({ message }) => message);
  for (const stream of ["filled", "open"]) {
    await publish(stream, 0);
    await publish(stream, 485);
    await publish(stream, 486);
  }
  clock.advance(1_000);
  // As after a restart of the broker: what it lost comes again.
  for (let first = 1; first <= 486; first++) await publish("filled", first);
  clock.advance(10_000);
  await rig.rest();
  assert.deepEqual(warnings(), ["485 items of stream open did not come when asked for again"]);
  assert.equal(node.errors("batch-gap"), 4);
});

/** A numbered batch each ms, 31 of them; after how many of them acks were sent. */
async function acksBehind(textChars: number): Promise<number[]> {
  const rig = await ReplyRig.start();
  const { broker, clock, node } = rig;
  const socket = node.connect();
  const acks: number[] = [];
  let batches = 0;
  broker.onEvents(({ batch }) => {
    const [first] = decode(batch) as unknown[][];
    if (Array.isArray(first) && first[0] === "ack") acks.push(batches);
  });
  for (; batches < 31; batches++) {
    const items = [["send", idOf(socket), "x".repeat(textChars)]];
    await give(rig, [1, "o1:i:n:0", batches, items, { base: 0 }]);
    clock.advance(1);
    await rig.rest();
  }
  return acks;
}

test("numbered commands: an ack waits for more, unless they may fill a window", async () => {
  assert.deepEqual(await acksBehind(100), []);
  assert.deepEqual(await acksBehind(3_500), [9, 19, 29]);
});
