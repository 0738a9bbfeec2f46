import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaveWaiter } from "../../../../../adapters/origin/presence/leave-waiter.ts";
import { ManualClock } from "../../../../support/memory/mod.ts";

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
