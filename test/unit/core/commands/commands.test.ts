import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { createWasmCodec } from "../../../../wasm/codec/mod.ts";
import { createReferenceCodec } from "../../../reference/mod.ts";
import type { MemorySocket } from "../../../support/memory/mod.ts";
import type { SaidOptions } from "../../../support/memory-node/gateway-options.ts";
import {
  grantOfQuery,
  type Item,
  idOf,
  messagesOf,
} from "../../../support/memory-node/memory-node.ts";
import { ReplyRig } from "../../../support/memory-node/reply-rig.ts";

type Result = Record<string, unknown>;

/** The results of one command. */
async function resultsOf(rig: ReplyRig, ...item: Item): Promise<Result[]> {
  return (await rig.do(item)).map(([, result]) => result as Result);
}

test("query: a group's connections in pages, the count of all in each", async () => {
  for (const codec of [createReferenceCodec, createWasmCodec]) {
    const rig = await ReplyRig.start({}, { codec });
    const size = 2 * limits.queryPageMax + 1;
    const sockets = Array.from({ length: size }, () => rig.node.connect());
    await rig.do(["join", sockets.map(idOf), "g"]);
    const pages = await resultsOf(rig, "query", "g", { ref: 1 });
    const lists = pages.map(({ connections }) => connections as Result[]);
    assert.deepEqual(
      pages.map(({ node, count, more, cut }, page) => [
        node,
        count,
        lists[page]!.length,
        more,
        cut,
      ]),
      [
        ["n", size, limits.queryPageMax, true, undefined],
        ["n", size, limits.queryPageMax, true, undefined],
        ["n", size, 1, undefined, undefined],
      ],
    );
    const listed = lists.flat().map(({ id }) => id);
    assert.deepEqual(listed, sockets.map(idOf));
    const counted = await resultsOf(rig, "query", "g", { ref: 1, count: true });
    assert.deepEqual(counted, [{ node: "n", count: size }]);
    const exact = await resultsOf(rig, "query", sockets.slice(0, 500).map(idOf), { ref: 1 });
    const found = exact.map(({ more, count }) => [more, count]);
    assert.deepEqual(found, [[undefined, 500]]);
  }
});

test("query: a node lists no more than so many, counts all, and says so", async () => {
  const rig = await ReplyRig.start({ windowBytesMax: 1e8 });
  const size = limits.queryConnectionsMax + 1;
  const sockets = Array.from({ length: size }, () => rig.node.connect());
  const pages = await resultsOf(rig, "query", "@all", { ref: 1 });
  assert.equal(pages.length, limits.queryConnectionsMax / limits.queryPageMax);
  const found = pages.map(({ more, cut }) => [more, cut]);
  assert.deepEqual(found, [...Array(pages.length - 1).fill([true, undefined]), [undefined, true]]);
  assert.ok(pages.every(({ count }) => count === size));
  const listed = new Set(
    pages.flatMap(({ connections }) => connections as Result[]).map(({ id }) => id),
  );
  assert.equal(listed.size, limits.queryConnectionsMax);
  sockets.at(-1)!.cut();
  const whole = await resultsOf(rig, "query", "@all", { ref: 1 });
  assert.deepEqual([whole.length, whole.at(-1)!.cut], [pages.length, undefined]);
});

test("query: what it tells of a connection, and of ids that nobody has", async () => {
  const rig = await ReplyRig.start({ authorize: "jwt" }, { authorize: grantOfQuery });
  const answer = await rig.node.handshake(`/?${encodeURIComponent('{"user":"ann"}')}`);
  assert.ok(answer.accepted);
  const at = rig.clock.now();
  const ann = rig.node.open(answer);
  rig.clock.advance(1_000);
  const [other, left] = [rig.node.connect(), rig.node.connect()];
  left.cut();
  other.block();
  const [annId, otherId, leftId] = [ann, other, left].map(idOf) as [string, string, string];
  rig.node.local([["send", [annId, otherId], "12345"]]);
  const first = { id: annId, at, bufferedAmount: 0, user: "ann" };
  const second = { id: otherId, at: at + 1_000, bufferedAmount: 5 };
  const foreign = `m${annId.slice(1)}`;
  assert.deepEqual(
    await resultsOf(rig, "query", [annId, leftId, foreign, "?", otherId], { ref: 1 }),
    [{ node: "n", count: 2, gone: [leftId], connections: [first, second] }],
  );
  assert.deepEqual(await resultsOf(rig, "query", annId, { ref: 1 }), [
    { node: "n", count: 1, gone: [], connections: [first] },
  ]);
  assert.deepEqual(
    await resultsOf(rig, "query", [annId, leftId, annId, leftId], { ref: 1 }),
    [{ node: "n", count: 1, gone: [leftId], connections: [first] }],
    "an id that stands twice is one connection",
  );
  const none = { node: "n", count: 0, connections: [] };
  assert.deepEqual(await resultsOf(rig, "query", annId, { ref: 1, group: true }), [none]);
  assert.deepEqual(await resultsOf(rig, "query", "nobody here", { ref: 1 }), [none]);
  assert.deepEqual(await resultsOf(rig, "query", "@user/ann", { ref: 1 }), [
    { node: "n", count: 1, connections: [first] },
  ]);
  const many = Array.from(
    { length: limits.replyIdsMax + 1 },
    (_, at) => `${leftId.slice(0, -6)}${100_000 + at}`,
  );
  const [gone] = await resultsOf(rig, "query", many, { ref: 1 });
  assert.equal((gone!.gone as unknown[]).length, limits.replyIdsMax);
  assert.deepEqual(await resultsOf(rig, "query", "@all"), []);
  assert.equal(rig.node.errors("command-malformed"), 1, "without a ref");
});

test("close: the event says who failed and who asked, of what there may be said", async () => {
  const rig = await ReplyRig.start();
  for (const [options, ...told] of [
    [{ cause: "error" }, "error"],
    [{ cause: "origin" }, "origin"],
    [{ cause: "slow" }, "origin"],
    [{}, "origin"],
    [{ by: "admin" }, "origin", { by: "admin" }],
    [{ by: "somebody" }, "origin"],
    [{ by: 1 }, "origin"],
  ] as const) {
    const id = idOf(rig.node.connect());
    await rig.events("open");
    rig.node.local([["close", id, 1_013, "no", options]]);
    assert.deepEqual(await rig.events("close"), [[id, 1, 1_013, "no", ...told]]);
  }
});

test("close: the code and reason that were said, where a server may say them", async () => {
  const rig = await ReplyRig.start();
  const closes: readonly [rest: unknown[], code: number | undefined, reason: string][] = [
    [[], 1_000, ""],
    [[1_001], 1_001, ""],
    [[3_000, "bye"], 3_000, "bye"],
    [[4_999, "x".repeat(123)], 4_999, "x".repeat(123)],
    [[4_000, "ü".repeat(62)], undefined, ""],
    [[1_005], undefined, ""],
    [[1_006], undefined, ""],
    [[999], undefined, ""],
    [[5_000], undefined, ""],
  ];
  for (const [rest, closeCode, closeReason] of closes) {
    const socket = rig.node.connect();
    const id = idOf(socket);
    const [result] = await resultsOf(rig, "close", id, ...rest, { ref: 1 });
    const outcome = closeCode === undefined ? "command-malformed" : "closed";
    assert.deepEqual(result, { [id]: outcome }, JSON.stringify(rest));
    const frame = { type: "close", closeCode, closeReason };
    assert.deepEqual(socket.delivered, closeCode === undefined ? [] : [frame]);
    if (closeCode === undefined) continue;
    const [again] = await resultsOf(rig, "close", id, { ref: 1 });
    assert.deepEqual(again, { [id]: "gone" });
  }
});

test("state: comes with each message, is bounded, and nil takes it away", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  const id = idOf(socket);
  const said = async (): Promise<unknown[]> => {
    socket.receive("x");
    const [[, , , ...state]] = (await rig.events("message")) as [unknown[]];
    return state;
  };
  assert.deepEqual(await said(), []);
  for (const state of [{ a: [1, "ü", true] }, 0, "", false, Uint8Array.of(1)]) {
    assert.deepEqual(await resultsOf(rig, "state", id, state, { ref: 1 }), [{ [id]: "stored" }]);
    assert.deepEqual(await said(), [state]);
  }
  const big = "x".repeat(limits.stateBytesMax);
  assert.deepEqual(await resultsOf(rig, "state", id, big, { ref: 1 }), [
    { [id]: "state-too-big" },
  ]);
  assert.deepEqual(await said(), [Uint8Array.of(1)], "the old one stays");
  assert.deepEqual(await resultsOf(rig, "state", id, null, { ref: 1 }), [{ [id]: "stored" }]);
  assert.deepEqual(await said(), []);
});

test("whoever is being closed is gone to every command", async () => {
  const rig = await ReplyRig.start();
  const socket = rig.node.connect();
  const id = idOf(socket);
  await rig.do(["join", id, "g"]);
  const items: Item[] = [
    ["close", id, 4_000],
    ["send", id, "x", { ref: "send" }],
    ["join", id, "g", { ref: "join" }],
    ["leave", id, "g", { ref: "leave" }],
    ["state", id, 1, { ref: "state" }],
    ["renew", id, 0, { ref: "renew" }],
    ["close", id, { ref: "close" }],
  ];
  const replies = await rig.do(...items);
  assert.deepEqual(
    replies,
    ["send", "join", "leave", "state", "renew", "close"].map((ref) => [ref, { [id]: "gone" }]),
  );
  assert.deepEqual(messagesOf(socket), []);
  assert.equal(rig.node.groups, 0);
});

test("what is refused of a batch is logged with its place in it", async () => {
  const rig = await ReplyRig.start();
  const id = idOf(rig.node.connect());
  await rig.do(
    ["send", id, "hi"],
    ["send", "no id", "hi"],
    ["shout", id],
    ["send", id, "hi", { ttl: "x" }],
    ["join", id, "@all"],
  );
  const logged = rig.node.logger.of("command-refused").map(({ fields }) => {
    return [fields.item, fields.code];
  });
  assert.deepEqual(logged, [
    [1, "id-malformed"],
    [2, "command-unknown"],
    [3, "command-malformed"],
    [4, "group-name"],
  ]);
});

type Entry = Readonly<Record<string, unknown>>;

async function connect(rig: ReplyRig, agent: string): Promise<MemorySocket> {
  const answer = await rig.node.handshake("/chat?room=1", { "user-agent": agent });
  assert.ok(answer.accepted);
  return rig.node.open(answer);
}

async function listed(rig: ReplyRig, subject: unknown, options: Entry): Promise<Entry[][]> {
  const replies = await rig.do(["query", subject, { ref: 1, ...options }]);
  return replies.map(([, result]) => (result as { connections: Entry[] }).connections);
}

function start(options: SaidOptions = {}): Promise<ReplyRig> {
  const guard = { pingIntervalMs: 30_000, pingTimeoutMs: 10_000 };
  return ReplyRig.start({ headers: ["user-agent"], guard, ...options });
}

test("query with info: what open contained, and when the last message came", async () => {
  const rig = await start();
  const socket = await connect(rig, "test/1");
  const id = idOf(socket);
  const [[plain]] = (await listed(rig, [id], {})) as [[Entry]];
  assert.deepEqual(Object.keys(plain), ["id", "at", "bufferedAmount"]);

  rig.clock.advance(5_000);
  const before = rig.clock.now();
  socket.receive("hi");
  rig.clock.advance(3_000);
  const [[entry]] = (await listed(rig, [id], { info: true })) as [[Entry]];
  const { info, activeAt, ...rest } = entry;
  assert.deepEqual(rest, plain);
  const off = Math.abs((activeAt as number) - before);
  assert.ok(off <= limits.livenessTickMs, `${off} ms off`);
  const { path, query, ip, headers } = info as Entry;
  const agent = { "user-agent": "test/1" };
  assert.deepEqual(
    { path, query, ip, headers },
    {
      path: "/chat",
      query: "room=1",
      ip: "192.0.2.1",
      headers: agent,
    },
  );
});

test("query with info: a connection that is being closed is listed as such", async () => {
  const rig = await start();
  const socket = await connect(rig, "test/1");
  socket.block();
  rig.node.local([
    ["send", idOf(socket), "unread"],
    ["close", idOf(socket)],
  ]);
  const [[entry]] = (await listed(rig, [idOf(socket)], { info: true })) as [[Entry]];
  assert.equal(entry.closing, true);
});

test("query with info: nothing is known where nothing is kept and nobody looks", async () => {
  const rig = await start({ mode: "open", guard: {} });
  const socket = await connect(rig, "test/1");
  const [[entry]] = (await listed(rig, [idOf(socket)], { info: true })) as [[Entry]];
  assert.deepEqual([entry.info, "activeAt" in entry], [{}, false]);
});

test("query with info: long infos are listed in several replies", async () => {
  const rig = await start({ headerBytesMax: 65_536 });
  const long = "x".repeat(limits.queryInfosMax / 2);
  for (let count = 0; count < 7; count++) await connect(rig, long);
  const pages = await listed(rig, "@all", { info: true });
  const lengths = pages.map(({ length }) => length);
  assert.deepEqual(lengths, [2, 2, 2, 1]);
  assert.equal((await listed(rig, "@all", {})).length, 1);
});

test("the last message has the time of the clock, however late ticks come", async () => {
  const rig = await start();
  const silent = await connect(rig, "test/1");
  const talks = await connect(rig, "test/2");
  const activeAtOf = async (socket: MemorySocket): Promise<[number, number]> => {
    const [[entry]] = (await listed(rig, [idOf(socket)], { info: true })) as [[Entry]];
    return [entry.at as number, entry.activeAt as number];
  };
  // A process that is stopped for a while gets fewer ticks: each comes late.
  for (let second = 0; second < 60; second++) rig.clock.stall(1_000);
  talks.receive("hi");
  const saidAt = rig.clock.now();
  for (let second = 0; second < 60; second++) rig.clock.stall(1_000);
  const [, talked] = await activeAtOf(talks);
  assert.ok(Math.abs(talked - saidAt) <= 1_000, `${talked - saidAt} ms off`);
  for (const [at, activeAt] of [await activeAtOf(silent), await activeAtOf(talks)]) {
    assert.ok(activeAt >= at, `${activeAt - at} ms after the handshake`);
  }
  const [at, activeAt] = await activeAtOf(await connect(rig, "test/3"));
  assert.ok(activeAt >= at && activeAt - at <= limits.livenessTickMs);
});
