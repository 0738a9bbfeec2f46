import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../adapters/memory/mod.ts";
import { HandOver } from "../../adapters/mqtt/origin/hand-over.ts";

/** A hand-over to these nodes, and whether it is over. */
async function begun(...nodes: readonly string[]) {
  const clock = new ManualClock();
  const handOver = new HandOver(clock);
  let over = false;
  void handOver.begin(nodes).then(() => {
    over = true;
  });
  const isOver = async (): Promise<boolean> => {
    await Promise.resolve();
    return over;
  };
  await isOver();
  return { clock, handOver, isOver };
}

test("an origin that leaves waits for each of its nodes", async () => {
  const { clock, handOver, isOver } = await begun("n1", "n2");
  handOver.released("n1");
  handOver.released("n1");
  handOver.released("n3");
  assert.equal(await isOver(), false);
  handOver.released("n2");
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
