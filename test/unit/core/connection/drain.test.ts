import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import { settled } from "../../../support/memory-node/memory-node.ts";
import { closes, handled, RouterRig } from "../../../support/memory-node/router-rig.ts";
import type { SimulatedOrigin } from "../../../support/memory-node/simulated-origins.ts";

/** A node that is told to end, and whether it has. */
async function draining(rig: RouterRig, periodMs = 0): Promise<{ ended: boolean }> {
  const state = { ended: false };
  void rig.node.gateway.drain(periodMs).then(() => {
    state.ended = true;
  });
  await settled();
  return state;
}

test("a drain waits until the origin has confirmed the last close", async () => {
  const rig = await new RouterRig().start("o1");
  const [origin] = rig.origins as [SimulatedOrigin];
  const client = rig.node.connect();
  client.receive("a");
  const state = await draining(rig);
  await rig.pass(3);
  assert.deepEqual(closes(client), [1012]);
  assert.equal(rig.node.gateway.connections, 0);
  assert.equal(state.ended, false, "nothing is confirmed");
  await rig.handle(origin);
  assert.deepEqual(handled(origin), ["open 0", "message 1", "close 2"]);
  assert.deepEqual(origin.handled[2]?.slice(3), [1012, "service restart", "drain"]);
  assert.equal(state.ended, true);
  assert.equal(rig.node.errors("events-unconfirmed"), 0);
});

test("a drain does not wait for ever, and tells what nobody has confirmed", async () => {
  const rig = await new RouterRig().start("o1");
  rig.node.connect().receive("a");
  const state = await draining(rig);
  await rig.pass(limits.shutdownFlushMs / 1_000 - 1);
  assert.equal(state.ended, false);
  await rig.pass(2);
  assert.equal(state.ended, true);
  assert.equal(rig.node.errors("events-unconfirmed"), 1);
  const [line] = rig.node.logger.of("events-unconfirmed");
  assert.equal(line?.level, "warn");
  assert.ok((line?.fields.bytes as number) > 0);
});

test("a drain closes its connections evenly over the period", async () => {
  const rig = await new RouterRig().start("o1");
  const clients = Array.from({ length: 40 }, () => rig.node.connect());
  await rig.handle(...rig.origins);
  const state = await draining(rig, 10_000);
  const closed = (): number => clients.filter((client) => closes(client).length > 0).length;
  for (let second = 1; second <= 9; second++) {
    await rig.pass(1);
    const due = 4 * second;
    assert.ok(Math.abs(closed() - due) <= 2, `${closed()} of ${due} after ${second} s`);
  }
  assert.equal(await rig.handshake(), "503 draining");
  assert.equal(rig.node.gateway.readiness().reasons.includes("draining"), true);
  await rig.pass(2);
  assert.equal(closed(), 40);
  await rig.handle(...rig.origins);
  assert.equal(state.ended, true);
});

test("a clock that is set on or back during a drain changes nothing of its pace", async () => {
  for (const set of [3_600_000, -3_600_000]) {
    const rig = await new RouterRig().start("o1");
    const clients = Array.from({ length: 40 }, () => rig.node.connect());
    await rig.handle(...rig.origins);
    await draining(rig, 10_000);
    const closed = (): number => clients.filter((client) => closes(client).length > 0).length;
    await rig.pass(2);
    rig.clock.set(set);
    await rig.pass(3);
    assert.ok(Math.abs(closed() - 20) <= 2, `${closed()} of 20 after 5 s`);
    await rig.pass(6);
    assert.equal(closed(), 40);
  }
});

for (const way of ["dies", "leaves"]) {
  test(`a drain waits for what goes to another origin, because the first one ${way}`, async () => {
    const rig = await new RouterRig().start("o1", "o2");
    const [one, two] = rig.origins as [SimulatedOrigin, SimulatedOrigin];
    const clients = Array.from({ length: 20 }, () => rig.node.connect());
    await rig.handle(one, two);
    const ofOne = one.handled.length;
    assert.ok(ofOne > 0 && ofOne < 20, `${ofOne} of 20 are of the first one`);
    for (const client of clients) client.receive("a");
    one.leaving = way === "leaves";
    await rig.handle(two);
    const state = await draining(rig);
    await rig.pass(1);
    // It has confirmed all of its own when the rest comes.
    await rig.handle(two);
    if (way === "dies") rig.kill(one);
    // What it confirms last makes the node give the rest to the other one.
    else await rig.handle(one);
    await rig.pass(1);
    assert.equal(state.ended, false, "the other one has confirmed nothing of it");
    await rig.handle(two);
    const ends = two.handled.filter(([verb]) => verb === "close");
    assert.deepEqual([state.ended, ends.length], [true, 20]);
    assert.equal(rig.node.errors("events-unconfirmed"), 0);
  });
}
