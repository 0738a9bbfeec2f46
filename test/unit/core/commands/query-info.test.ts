import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import type { MemorySocket } from "../../../support/memory/mod.ts";
import type { SaidOptions } from "../../../support/memory-node/gateway-options.ts";
import { idOf } from "../../../support/memory-node/memory-node.ts";
import { ReplyRig } from "../../../support/memory-node/reply-rig.ts";

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
