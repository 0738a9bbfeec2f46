import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { limits } from "../../../../core/base/mod.ts";
import { MessageKind, type OutgoingMessage, type Socket } from "../../../../core/ports/mod.ts";
import { MemoryBroadcast, MemorySocket } from "../../../support/memory/mod.ts";
import {
  grantOfQuery,
  type Item,
  idOf,
  messagesOf,
} from "../../../support/memory-node/memory-node.ts";
import { ReplyRig } from "../../../support/memory-node/reply-rig.ts";

/** What one command about one connection came to. */
async function outcome(rig: ReplyRig, verb: string, socket: MemorySocket, group: string) {
  const id = idOf(socket);
  const [[, result]] = (await rig.do([verb, id, group, { ref: 1 }])) as [
    [1, Record<string, string>],
  ];
  return result[id];
}

async function withUser(rig: ReplyRig, grant: object): Promise<MemorySocket> {
  const answer = await rig.node.handshake(`/?${encodeURIComponent(JSON.stringify(grant))}`);
  assert.ok(answer.accepted);
  return rig.node.open(answer);
}

test("names: what cannot be a group's, or is the gateway's own, is refused", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  const names: readonly [name: string, outcome: string][] = [
    ["", "group-name"],
    ["x".repeat(limits.groupBytesMax), "joined"],
    ["x".repeat(limits.groupBytesMax + 1), "group-name"],
    ["ü".repeat(limits.groupBytesMax / 2), "joined"],
    ["ü".repeat(limits.groupBytesMax / 2 + 1), "group-name"],
    ["@all", "group-name"],
    ["@user/ann", "group-name"],
    ["@user/", "group-name"],
    ["@user", "joined"],
    ["@ALL", "joined"],
    ["+/#", "joined"],
    ["__proto__", "joined"],
  ];
  for (const [name, expected] of names) {
    assert.equal(await outcome(rig, "join", socket, name), expected, name);
    const left = expected === "joined" ? "left" : expected;
    assert.equal(await outcome(rig, "leave", socket, name), left, name);
  }
  assert.deepEqual([rig.node.groups, rig.node.bus.joined.size], [0, 0]);
});

test("limit: so many groups for a connection; a user's own does not count", async () => {
  const authorize = grantOfQuery;
  const rig = await ReplyRig.start({ authorize: "jwt", groupsPerConnectionMax: 2 }, { authorize });
  for (const user of [undefined, "ann"]) {
    const socket = await withUser(rig, { user, groups: ["a"] });
    assert.equal(await outcome(rig, "join", socket, "b"), "joined");
    assert.equal(await outcome(rig, "join", socket, "c"), "group-limit");
    assert.equal(await outcome(rig, "join", socket, "a"), "joined", "it is a member");
    assert.equal(await outcome(rig, "leave", socket, "b"), "left");
    assert.equal(await outcome(rig, "leave", socket, "b"), "left");
    assert.equal(await outcome(rig, "join", socket, "c"), "joined");
    assert.equal(rig.node.groups, user === undefined ? 2 : 3);
    await rig.do(["publish", "c", "one", {}], ["publish", "b", "none", {}]);
    assert.deepEqual(messagesOf(socket), ["one"], "a member once");
    socket.cut();
    assert.equal(rig.node.groups, 0);
  }
});

test("who joins while the broker is away is answered when it is back", async () => {
  const rig = await ReplyRig.start();
  const [one, two] = [rig.node.connect(), rig.node.connect()];
  rig.broker.refusedGroups.add("default/never");
  rig.broker.up = false;
  const ids = [idOf(one), idOf(two)];
  const joins: Item[] = [
    ["join", ids, "g", { ref: "g" }],
    ["join", ids, "never", { ref: "never" }],
    ["join", ids[0], "left", { ref: "left" }],
    ["leave", ids[0], "left"],
  ];
  await rig.do(...joins);
  assert.equal(rig.node.groups, 2);
  await rig.do(["publish", "g", "here already"]);
  assert.deepEqual([one, two].map(messagesOf), [["here already"], ["here already"]]);
  rig.broker.up = true;
  const told = new Map((await rig.replies()) as [string, Record<string, string>][]);
  assert.deepEqual(Object.values(told.get("g") ?? {}), ["joined", "joined"]);
  assert.deepEqual(Object.values(told.get("never") ?? {}), ["group-refused", "group-refused"]);
  assert.deepEqual(Object.values(told.get("left") ?? {}), ["left"]);
  assert.deepEqual([...rig.node.bus.joined], ["default/g"]);
  await rig.do(["publish", "never", "x"]);
  assert.equal(messagesOf(one).length, 1);
});

test("who has gone while its join waited is no member: gone", async () => {
  const rig = await ReplyRig.start();
  const [stays, leaves, alone] = [rig.node.connect(), rig.node.connect(), rig.node.connect()];
  rig.broker.up = false;
  const ids = [stays, leaves].map(idOf) as [string, string];
  await rig.do(["join", ids, "g", { ref: 1 }], ["join", idOf(alone), "h", { ref: 2 }]);
  leaves.cut();
  alone.clientCloses(1_000, "");
  rig.broker.up = true;
  const told = new Map((await rig.replies()) as [number, unknown][]);
  assert.deepEqual(told.get(1), { [ids[0]]: "joined", [ids[1]]: "gone" });
  assert.deepEqual(told.get(2), { [idOf(alone)]: "gone" });
  assert.deepEqual([...rig.node.bus.joined], ["default/g"]);
});

test("a bus that is stopped makes nobody a member", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  await rig.node.bus.stop();
  assert.equal(await outcome(rig, "join", socket, "g"), "broker-lost");
  assert.equal(rig.node.groups, 0);
  await rig.do(["publish", "g", "x"]);
  assert.deepEqual(messagesOf(socket), []);
});

test("raw messages: text has to be UTF-8, binary is anything", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  await rig.do(["join", idOf(socket), "g"]);
  const payload = Uint8Array.of(0x68, 0xff);
  const message = { app: "default", group: "g", payload };
  rig.broker.groupMessage({ ...message, kind: MessageKind.text });
  rig.broker.groupMessage({ ...message, kind: MessageKind.binary });
  rig.broker.groupMessage({ ...message, kind: MessageKind.text, payload: new Uint8Array(0) });
  await rig.replies();
  assert.deepEqual(messagesOf(socket), [payload, ""]);
  assert.equal(rig.node.errors("message-not-utf8"), 1);
  assert.equal(rig.node.metrics.value("wss_group_messages_total"), 2);
});

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
