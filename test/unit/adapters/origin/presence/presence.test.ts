import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaveWaiter } from "../../../../../adapters/origin/presence/leave-waiter.ts";
import { NodeTracker } from "../../../../../adapters/origin/presence/node-tracker.ts";
import type { Cancel, NodePresence } from "../../../../../core/ports/mod.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";

const presence = (incarnation: string, every = 5_000): NodePresence => {
  const [runtime, version] = ["test", "0"];
  return { v: 1, incarnation, at: 0, every, connections: 0, runtime, version };
};

function rig() {
  const clock = new ManualClock();
  /** Nodes that were concluded to be dead, or to have a new life. */
  const lost: string[] = [];
  const tracker = new NodeTracker(clock, (node, alive) => void lost.push(`${node} ${alive}`));
  tracker.connected(true);
  return { clock, tracker, lost };
}

test("a node whose presence was cleared is lost after 2 s, unless it is back", () => {
  const { clock, tracker, lost } = rig();
  tracker.presence("n1", presence("i1"));
  tracker.presence("n2", presence("i1"));
  for (const node of ["n1", "n2"]) tracker.presence(node, undefined);
  clock.advance(1_999);
  assert.deepEqual(lost, []);
  tracker.presence("n2", presence("i1"));
  clock.advance(1);
  assert.deepEqual(lost, ["n1 undefined"]);
  clock.advance(10_000);
  assert.deepEqual([lost.length, tracker.living()], [1, ["n2"]]);
});

test("a node that misses three heartbeats is lost, once", () => {
  const { clock, tracker, lost } = rig();
  tracker.presence("n1", presence("i1"));
  clock.advance(14_999);
  assert.deepEqual([lost, tracker.lives("n1")], [[], true]);
  clock.advance(1);
  assert.deepEqual([lost, tracker.lives("n1")], [["n1 undefined"], false]);
  clock.advance(60_000);
  assert.equal(lost.length, 1);
});

test("another incarnation of a node is the end of the one before, at once", () => {
  const { tracker, lost } = rig();
  tracker.presence("n1", presence("i1"));
  tracker.presence("n1", presence("i1"));
  assert.deepEqual(lost, []);
  tracker.presence("n1", presence("i2"));
  assert.deepEqual([lost, tracker.lives("n1")], [["n1 i2"], true]);
});

test("while an origin has no broker, and when it stood still itself, no node is lost", () => {
  const { clock, tracker, lost } = rig();
  tracker.presence("n1", presence("i1"));
  tracker.connected(false);
  clock.advance(60_000);
  tracker.connected(true);
  clock.advance(14_000);
  assert.deepEqual(lost, [], "the full time from the reconnect on");
  tracker.presence("n1", presence("i1"));
  clock.stall(20_000);
  assert.deepEqual(lost, []);
  clock.advance(15_000);
  assert.deepEqual(lost, ["n1 undefined"]);
});

test("a node that was given up and tells of connections has 2 s to announce itself", () => {
  const { clock, tracker, lost } = rig();
  tracker.revived("n1");
  tracker.revived("n2");
  assert.equal(tracker.lives("n1"), false);
  clock.advance(1_000);
  tracker.presence("n2", presence("i1"));
  clock.advance(1_000);
  // Whether it is the life that was lost nobody knows any more.
  assert.deepEqual(lost, ["n2 i1", "n1 undefined"]);
});

/** Counts how often a timer is cancelled, whether it has fired or not. */
class CountingClock extends ManualClock {
  cancelled = 0;

  override after(ms: number, callback: () => void): Cancel {
    const cancel = super.after(ms, callback);
    return () => {
      this.cancelled++;
      cancel();
    };
  }
}

test("whoever has waited for a node in vain is not remembered", async () => {
  const clock = new CountingClock();
  const tracker = new NodeTracker(clock, () => {});
  tracker.connected(true);
  const waits = Array.from({ length: 100 }, () => tracker.first());
  clock.advance(1_000);
  await Promise.all(waits);
  const last = tracker.first();
  const before = clock.cancelled;
  tracker.presence("n1", presence("i1"));
  await last;
  assert.equal(clock.cancelled - before, 1);
});

/** A hand-over to these nodes, and whether it is over. */
async function begun(...nodes: readonly string[]) {
  const clock = new ManualClock();
  const leaveWaiter = new LeaveWaiter(clock);
  let over = false;
  void leaveWaiter.begin(nodes).then(() => {
    over = true;
  });
  const isOver = async (): Promise<boolean> => {
    await Promise.resolve();
    return over;
  };
  await isOver();
  return { clock, leaveWaiter, isOver };
}

test("an origin that leaves waits for each of its nodes", async () => {
  const { clock, leaveWaiter, isOver } = await begun("n1", "n2");
  leaveWaiter.released("n1");
  leaveWaiter.released("n1");
  leaveWaiter.released("n3");
  assert.equal(await isOver(), false);
  leaveWaiter.released("n2");
  assert.equal(await isOver(), true);
  assert.equal(clock.pendingTimers, 0);
  assert.equal(await (await begun()).isOver(), true, "it has none");
});

test("a node that says nothing is not waited for longer than 10 s", async () => {
  const { clock, isOver } = await begun("n1");
  clock.advance(9_999);
  assert.equal(await isOver(), false);
  clock.advance(1);
  assert.equal(await isOver(), true);
});
