import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CloseReason, closeReasons } from "../../../../core/base/mod.ts";
import type { Connection } from "../../../../core/connection/connection.ts";
import { TokenExpiries } from "../../../../core/connection/token-expiry.ts";
import { ManualClock } from "../../../support/memory/mod.ts";
import { grantOfQuery, idOf, type MemoryNode } from "../../../support/memory-node/memory-node.ts";
import { ReplyRig } from "../../../support/memory-node/reply-rig.ts";

const expired = { type: "close", closeCode: 4_401, closeReason: "token-expired" } as const;

async function start(): Promise<ReplyRig> {
  return ReplyRig.start({ authorize: "jwt" }, { authorize: grantOfQuery });
}

async function connect(node: MemoryNode, expiresAt?: number): ReturnType<typeof open> {
  return open(node, encodeURIComponent(JSON.stringify({ expiresAt })));
}

async function open(node: MemoryNode, query: string): Promise<ReturnType<MemoryNode["open"]>> {
  const answer = await node.handshake(`/?${query}`);
  assert.ok(answer.accepted);
  return node.open(answer);
}

test("a token's end closes its connection with 4401, and not before it", async () => {
  const rig = await start();
  const now = rig.clock.now();
  const [soon, exact, late, never] = [
    await connect(rig.node, now + 1_001),
    await connect(rig.node, now + 2_000),
    await connect(rig.node, now + 10_000),
    await connect(rig.node),
  ];
  rig.clock.advance(1_000);
  assert.deepEqual(soon.delivered, []);
  rig.clock.advance(999);
  assert.deepEqual([soon.delivered, exact.delivered], [[], []]);
  rig.clock.advance(1);
  assert.deepEqual([soon.delivered, exact.delivered], [[expired], [expired]]);
  rig.clock.advance(7_999);
  assert.deepEqual(late.delivered, []);
  rig.clock.advance(1);
  assert.deepEqual([late.delivered, never.delivered], [[expired], []]);
  const closes = await rig.events("close");
  const rests = closes.map(([, , ...rest]) => rest);
  assert.deepEqual(rests, Array(3).fill([4_401, "token-expired", "limit"]));
  assert.equal(rig.node.errors("token-expired"), 3);
});

test("renew moves the end, sets one, and takes it away", async () => {
  const rig = await start();
  const now = rig.clock.now();
  const [moved, nearer, kept, given] = [
    await connect(rig.node, now + 2_000),
    await connect(rig.node, now + 60_000),
    await connect(rig.node, now + 2_000),
    await connect(rig.node),
  ];
  const renew = async (socket: Parameters<typeof idOf>[0], expires: unknown): Promise<unknown> => {
    const [[, result]] = (await rig.do(["renew", idOf(socket), expires, { ref: 1 }])) as [
      [1, object],
    ];
    return Object.values(result)[0];
  };
  assert.equal(await renew(moved, now + 30_000), "renewed");
  assert.equal(await renew(nearer, now + 1_000), "renewed");
  assert.equal(await renew(kept, 0), "renewed");
  assert.equal(await renew(given, now + 3_000), "renewed");
  for (const wrong of [-1, Number.NaN]) {
    assert.equal(await renew(kept, wrong), "command-malformed", String(wrong));
  }
  for (const none of ["soon", null, []]) await rig.do(["renew", idOf(kept), none]);
  assert.equal(rig.node.errors("command-malformed"), 5);
  rig.clock.advance(2_999);
  const ended = (): boolean[] => [moved, nearer, kept, given].map((s) => s.delivered.length > 0);
  assert.deepEqual(ended(), [false, true, false, false]);
  rig.clock.advance(1);
  assert.deepEqual(ended(), [false, true, false, true]);
  rig.clock.advance(27_000);
  assert.deepEqual(ended(), [true, true, false, true]);
  rig.clock.advance(1e7);
  assert.deepEqual(kept.delivered, []);
  assert.equal(await renew(kept, 1), "renewed");
  rig.clock.advance(1_000);
  assert.deepEqual(kept.delivered, [expired], "a time that has passed is the next second");
});

test("accept sets an end too; who is closing already is not closed again", async () => {
  const rig = await ReplyRig.start({ authorize: "origin" });
  const now = rig.clock.now();
  const answer = rig.node.handshake("/");
  const [[id]] = (await rig.events("connect")) as [[string]];
  await rig.do(["accept", id, { expires: now + 1_000 }]);
  const admission = await answer;
  assert.ok(admission.accepted);
  const socket = rig.node.open(admission);
  socket.block();
  rig.node.local([["close", id, 4_000, "mine"]]);
  rig.clock.advance(1_000);
  socket.unblock();
  assert.deepEqual(socket.delivered, [{ type: "close", closeCode: 4_000, closeReason: "mine" }]);
  assert.equal(rig.node.errors("token-expired"), 0, "it had not expired when it was closed");
});

/** Sets, forgets and ticks; 0 takes away. */
const step = fc.oneof(
  fc.tuple(fc.constant("set" as const), fc.nat(9), fc.integer({ min: -5_000, max: 20_000 })),
  fc.tuple(fc.constant("none" as const), fc.nat(9), fc.constant(0)),
  fc.tuple(fc.constant("forget" as const), fc.nat(9), fc.constant(0)),
  fc.tuple(fc.constant("wait" as const), fc.constant(0), fc.integer({ min: 1, max: 5_000 })),
);

test("each end comes once, within its second, unless it was moved; nothing is kept", () =>
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const clock = new ManualClock(1_700_000_000_000);
      const due = new Map<Connection, number>();
      const close = function (this: Connection, reason: CloseReason): void {
        const at = due.get(this);
        assert.ok(at !== undefined && at <= clock.now(), "not before its time, and once");
        assert.equal(reason, closeReasons.tokenExpired);
        due.delete(this);
      };
      const connections = Array.from(
        { length: 10 },
        () => ({ expiresAt: 0, close }) as Connection,
      );
      const expiries = new TokenExpiries(clock);
      expiries.start();
      for (const [what, index, ms] of steps) {
        const connection = connections[index]!;
        const at = what === "set" ? clock.now() + ms : 0;
        if (what === "wait") clock.advance(ms);
        else if (what === "forget") expiries.forget(connection);
        else expiries.set(connection, at);
        if (what === "set") due.set(connection, at);
        else if (what !== "wait") due.delete(connection);
        for (const [connection, at] of due) {
          assert.ok(clock.now() < Math.max(at, 0) + 30_000 && connection.expiresAt === at);
          if (what === "wait" && ms >= 2_000) assert.ok(clock.now() < at + 2_000, "in time");
        }
      }
      clock.advance(30_000);
      assert.equal(due.size, 0, "everything due has come");
      assert.equal(expiries.size, 0, "and nothing is kept");
      assert.ok(connections.every(({ expiresAt }) => expiresAt === 0));
      expiries.stop();
      assert.equal(clock.pendingTimers, 0);
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 2_000) },
  ));
