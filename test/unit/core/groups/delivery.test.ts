import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import type { OutgoingMessage, Socket } from "../../../../core/ports/mod.ts";
import { MemoryBroadcast, MemorySocket } from "../../../support/memory/mod.ts";
import { idOf, messagesOf } from "../../../support/memory-node/memory-node.ts";
import { ReplyRig } from "../../../support/memory-node/reply-rig.ts";

/** Counts what the runtime is asked to fan out. */
class CountingBroadcast extends MemoryBroadcast {
  calls = 0;

  override publish(topic: string, message: OutgoingMessage, except?: Socket): void {
    this.calls++;
    super.publish(topic, message, except);
  }
}

/** Enough for the runtime's own fan-out. */
const enough = 16;

async function crowd(
  size: number = enough,
  sendQueueBytesMax = 1e6,
): Promise<{ rig: ReplyRig; broadcast: CountingBroadcast; sockets: MemorySocket[] }> {
  const broadcast = new CountingBroadcast();
  const rig = await ReplyRig.start({ sendQueueBytesMax }, { broadcast });
  const sockets = Array.from({ length: size }, () => rig.node.connect());
  await rig.do(["join", sockets.map(idOf), "g"]);
  return { rig, broadcast, sockets };
}

test("each socket is flushed once a turn, however many batches there were", async () => {
  const rig = await ReplyRig.start();
  const [one, two] = [rig.node.connect(), rig.node.connect()];
  const flushes: MemorySocket[] = [];
  for (const socket of [one, two]) {
    const flush = socket.flush.bind(socket);
    socket.flush = () => {
      flushes.push(socket);
      flush();
    };
  }
  for (let batch = 0; batch < 3; batch++) {
    rig.node.local([
      ["send", [idOf(one), idOf(two)], `a${batch}`],
      ["send", idOf(one), `b${batch}`],
      ["publish", "@all", `c${batch}`],
    ]);
  }
  assert.deepEqual(flushes, []);
  rig.clock.turn();
  assert.deepEqual(flushes, [one, two]);
  const order = [0, 1, 2].flatMap((batch) => [`a${batch}`, `b${batch}`, `c${batch}`]);
  assert.deepEqual(messagesOf(one), order);
  assert.deepEqual(
    messagesOf(two),
    order.filter((data) => !data.startsWith("b")),
  );
  rig.clock.turn();
  assert.equal(flushes.length, 2, "and not again");
});

test("a message is encoded once for all", async () => {
  const rig = await ReplyRig.start();
  const sockets = Array.from({ length: 3 }, () => rig.node.connect());
  rig.broker.command("default", "o", "n", encode([["publish", "@all", Uint8Array.of(1, 2)]]));
  await rig.replies();
  const [first, ...others] = sockets.map((socket) => messagesOf(socket)[0] as Uint8Array);
  assert.deepEqual(first, Uint8Array.of(1, 2));
  for (const { buffer, byteOffset } of others) {
    assert.deepEqual([buffer === first!.buffer, byteOffset], [true, first!.byteOffset]);
  }
});

test("what one turn sends to a client that reads makes it not slow", async () => {
  const rig = await ReplyRig.start({ sendQueueBytesMax: 10 });
  const socket = rig.node.connect();
  const sends = Array.from({ length: 5 }, () => ["send", idOf(socket), "12345678"] as const);
  await rig.do(...sends.map(([...item]): [string, ...unknown[]] => item));
  assert.equal(messagesOf(socket).length, 5);
});

test("a client that leaves too much unread: 1013, slow, in both ways of fan-out", async () => {
  for (const size of [enough - 1, enough]) {
    const { rig, broadcast, sockets } = await crowd(size, 10);
    const [slow, ...others] = sockets;
    slow!.block();
    for (let round = 0; round < 3; round++) await rig.do(["publish", "g", "12345678"]);
    slow!.unblock();
    assert.deepEqual(slow!.delivered, [
      { type: "message", data: "12345678" },
      { type: "close", closeCode: 1_013, closeReason: "slow" },
    ]);
    assert.ok(others.every((socket) => messagesOf(socket).length === 3));
    // With the slow one gone the others are too few for the runtime.
    assert.equal(broadcast.calls, size === enough ? 2 : 0);
    assert.equal(rig.node.errors("send-queue-full"), 1);
    const messages = 1 + 3 * others.length;
    assert.equal(rig.node.metrics.value("wss_messages_sent_total"), messages);
    assert.equal(rig.node.metrics.value("wss_message_bytes_sent_total"), 8 * messages);
  }
});

test("the runtime fans out where nobody wants to know more, and the group is large", async () => {
  const { rig, broadcast, sockets } = await crowd();
  const ids = sockets.map(idOf);
  const calls = async (group: string, options: object): Promise<number> => {
    const before = broadcast.calls;
    await rig.do(["publish", group, "x", options]);
    return broadcast.calls - before;
  };
  assert.equal(await calls("g", {}), 1);
  assert.equal(await calls("g", { except: ids[0] }), 1);
  assert.equal(await calls("g", { except: "n.nobody" }), 1);
  assert.equal(await calls("g", { except: ids.slice(0, 2) }), 0);
  assert.equal(await calls("g", { ref: 1 }), 0);
  assert.equal(await calls("@all", {}), 0);
  const found = sockets.map((socket) => messagesOf(socket).length);
  assert.deepEqual(found, [4, 5, ...Array(enough - 2).fill(6)]);
  await rig.do(["leave", ids[0], "g"]);
  assert.equal(await calls("g", {}), 0, "a loop costs less");
});

test("a member that the runtime's fan-out does not reach makes the group a loop", async () => {
  const { rig, broadcast, sockets } = await crowd();
  const admission = { accepted: true, app: "default", deflate: false, info: {} } as const;
  const other = new MemorySocket(rig.node.gateway, { ...admission, subprotocol: undefined });
  await rig.do(["join", idOf(other), "g"], ["publish", "g", "x"]);
  for (const socket of [...sockets, other]) assert.deepEqual(messagesOf(socket), ["x"]);
  assert.equal(broadcast.calls, 0);
});

test("sends and both ways of fan-out keep their order", async () => {
  const { rig, sockets } = await crowd();
  const [one, two] = sockets.map(idOf);
  const expected: string[] = [];
  for (let round = 0; round < 10; round++) {
    const say = (what: string): string => {
      expected.push(`${what} ${round}`);
      return `${what} ${round}`;
    };
    rig.node.local([
      ["send", one, say("sent")],
      ["publish", "g", say("broadcast")],
      ["publish", "g", say("loop"), { ref: round }],
      ["publish", "g", say("but two"), { except: two }],
      ["send", [one, two], say("sent again")],
    ]);
    if (round % 3 === 0) rig.clock.turn();
  }
  await rig.replies();
  assert.deepEqual(messagesOf(sockets[0]!), expected);
  assert.deepEqual(
    messagesOf(sockets[1]!),
    expected.filter((data) => !/^(sent \d|but two)/.test(data)),
  );
});

test("a client that the runtime no longer has gets nothing and counts as gone", async () => {
  const { rig, sockets } = await crowd(3);
  const [leaves] = sockets;
  leaves!.clientCloses(1_000, "");
  assert.deepEqual(await rig.do(["publish", "g", "x", { ref: 1 }]), [
    [1, { node: "n", sent: 2, slow: 0, gone: 0, expired: 0 }],
  ]);
  assert.deepEqual(await rig.do(["send", idOf(leaves!), "x", { ref: 2 }]), [
    [2, { [idOf(leaves!)]: "gone" }],
  ]);
  assert.equal(rig.node.metrics.value("wss_messages_sent_total"), 2);
});

test("a message above a client's queue is refused before fan-out", async () => {
  const { rig, broadcast, sockets } = await crowd(enough, 10);
  const [first] = sockets as [MemorySocket];
  const id = idOf(first);
  assert.deepEqual(await rig.do(["send", id, "x".repeat(11), { ref: 1 }]), [
    [1, { [id]: "queue-too-small" }],
  ]);
  assert.deepEqual(await rig.do(["publish", "g", "x".repeat(11), { ref: 2 }]), [
    [2, { node: "n", error: "queue-too-small" }],
  ]);
  await rig.do(["publish", "g", "x".repeat(11)]);
  assert.equal(rig.node.errors("queue-too-small"), 3);
  await rig.do(["publish", "g", "x".repeat(10)]);
  for (const socket of sockets) assert.deepEqual(messagesOf(socket), ["x".repeat(10)]);
  assert.equal(broadcast.calls, 1);
});
