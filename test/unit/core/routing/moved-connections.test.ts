import assert from "node:assert/strict";
import { test } from "node:test";
import type { MemorySocket } from "../../../support/memory/mod.ts";
import { idOf } from "../../../support/memory-node/memory-node.ts";
import { handled, RouterRig } from "../../../support/memory-node/router-rig.ts";
import type { SimulatedOrigin } from "../../../support/memory-node/simulated-origins.ts";

type Two = [SimulatedOrigin, SimulatedOrigin];

/** Ids of connections that an origin was told to have no more. */
function moved({ others }: SimulatedOrigin): string[] {
  return others.flatMap(([verb, ids]) => (verb === "moved" ? (ids as string[]) : []));
}

/** Ids of connections that were introduced to it, whichever item says so. */
function introduced({ others }: SimulatedOrigin): string[] {
  return others.flatMap(([verb, named]) => {
    if (verb === "assigned") return [named as string];
    return verb === "alive" ? (named as string[]) : [];
  });
}

function connect(rig: RouterRig, count: number): MemorySocket[] {
  return Array.from({ length: count }, () => rig.node.connect());
}

test("an origin that joins gets its share of idle connections; each side is told", async () => {
  const rig = await new RouterRig().start("o1");
  const clients = connect(rig, 60);
  await rig.handle(...rig.origins);
  await rig.join("o2");
  const [one, two] = rig.origins as Two;
  await rig.pass(1);
  await rig.handle(one, two);
  const gone = moved(one);
  assert.ok(gone.length > 15 && gone.length < 45, `${gone.length} of 60 moved`);
  assert.deepEqual(introduced(two).sort(), [...gone].sort(), "they are introduced");
  assert.equal(rig.node.metrics.value("wss_connections_rebalanced_total"), gone.length);
  for (const client of clients) client.receive("a");
  await rig.handle(one, two);
  const said = two.handled.map(([verb, id, seq]) => `${verb} ${id} ${seq}`);
  assert.deepEqual(said.sort(), gone.map((id) => `message ${id} 1`).sort(), "nothing twice");
});

test("a connection with an event under way is not moved, and without rebalance none", async () => {
  for (const rebalance of [true, false]) {
    const rig = await new RouterRig({ rebalance }).start("o1");
    const clients = connect(rig, 20);
    await rig.handle(...rig.origins);
    await rig.join("o2");
    const [one, two] = rig.origins as Two;
    // Nothing of this is confirmed.
    if (rebalance) for (const client of clients) client.receive("a");
    await rig.pass(3);
    assert.deepEqual([two.inbox.length, two.handled.length], [0, 0]);
    await rig.handle(one);
    assert.deepEqual(moved(one), []);
    await rig.pass(2);
    await rig.handle(one, two);
    assert.equal(moved(one).length > 0, rebalance);
  }
});

test("no more than 100 connections are looked at a second to be moved", async () => {
  const rig = await new RouterRig().start("o1");
  connect(rig, 400);
  await rig.handle(...rig.origins);
  await rig.join("o2");
  const [one, two] = rig.origins as Two;
  await rig.pass(1);
  await rig.handle(one, two);
  const first = moved(one).length;
  assert.ok(first > 20 && first <= 100, `${first} in the first second`);
  await rig.pass(4);
  await rig.handle(one, two);
  assert.ok(moved(one).length > first);
});

test("an origin's `weight` is its share of the connections", async () => {
  const rig = new RouterRig();
  rig.weights.set("o2", 3).set("o3", 0);
  await rig.start("o1", "o2", "o3");
  connect(rig, 400);
  await rig.handle(...rig.origins);
  const [one, two, none] = rig.origins.map((origin) => origin.handled.length);
  assert.equal(one! + two!, 400);
  assert.ok(two! > 260 && two! < 340, `${two} of 400 where 300 are its share`);
  assert.equal(none, 0, "a weight of 0 is no share");
});

test("who confirms nothing for `ack-timeout` loses its connections, though it lives", async () => {
  const options = { rebalance: false, ackTimeoutMs: 20_000 };
  const rig = await new RouterRig(options).start("o1", "o2");
  const [stuck, two] = rig.origins as Two;
  const clients = connect(rig, 20);
  for (let second = 0; second < 19; second++) {
    await rig.pass(1);
    await rig.handle(two);
  }
  assert.ok(two.handled.length < 20, "it has its time");
  await rig.pass(3);
  await rig.handle(two);
  const opened = two.handled.map(([, id]) => id);
  assert.deepEqual(opened.sort(), clients.map(idOf).sort());
  assert.equal(rig.node.errors("ack-timeout"), 1);
  assert.deepEqual(handled(stuck), []);
});

test("a dead origin's connections go to all others, and those of the others stay", async () => {
  const rig = await new RouterRig({ rebalance: false }).start("o1", "o2", "o3");
  const [dead, ...others] = rig.origins as [SimulatedOrigin, ...SimulatedOrigin[]];
  const clients = connect(rig, 90);
  await rig.handle(...rig.origins);
  const opened = others.map(({ handled }) => new Set(handled.map(([, id]) => id)));
  rig.kill(dead);
  await rig.pass(1);
  await rig.handle(...others);
  const given = others.flatMap(introduced);
  assert.deepEqual(given.sort(), dead.handled.map(([, id]) => id).sort(), "silent ones too");
  for (const origin of others) assert.ok(introduced(origin).length > 3, origin.name);
  for (const client of clients) client.receive("a");
  await rig.handle(...others);
  others.forEach((origin, index) => {
    const got = introduced(origin);
    const talks = origin.handled.filter(([verb]) => verb === "message").map(([, id]) => id);
    assert.deepEqual(new Set(talks), new Set([...opened[index]!, ...got]));
  });
});

test("an origin that leaves is released when it has confirmed; nothing comes twice", async () => {
  const rig = await new RouterRig({ rebalance: false }).start("o1", "o2");
  const [leaves, stays] = rig.origins as Two;
  const clients = connect(rig, 20);
  await rig.handle(leaves, stays);
  for (const client of clients) client.receive("a");
  await rig.rest();
  leaves.leaving = true;
  await rig.rest();
  assert.equal(leaves.released, false, "it has not confirmed");
  for (const client of clients) client.receive("b");
  await rig.rest();
  const before = leaves.inbox.flatMap(([, , , items]) => items).length;
  const ids = new Set(leaves.handled.map(([, id]) => id));
  assert.equal(before, ids.size, "nothing new is published to it");
  await rig.handle(leaves);
  assert.equal(leaves.released, true);
  await rig.handle(leaves, stays);
  for (const id of [...clients.map(idOf)]) {
    const seqs = rig.origins.flatMap((origin) =>
      origin.handled.filter(([, of]) => of === id).map(([, , seq]) => seq),
    );
    assert.deepEqual(seqs, [0, 1, 2], "each event once, by one or the other");
  }
  assert.equal(rig.logged("origin-left").length, 0);
});

test("a network that is lost is told as 1006 with the cause client", async () => {
  const rig = await new RouterRig().start("o1");
  rig.node.connect().cut();
  await rig.handle(...rig.origins);
  const [origin] = rig.origins;
  assert.deepEqual(handled(origin!), ["open 0", "close 1"]);
  assert.deepEqual(origin!.handled[1]!.slice(3), [1006, "", "client"]);
  assert.equal(rig.node.metrics.value("wss_connections_closed_total", { cause: "client" }), 1);
});

test("what an origin has handled ahead of others moves to nobody, and leaves no gap", async () => {
  const rig = await new RouterRig({ rebalance: false }).start("o1");
  const [hangs, talks, ends] = connect(rig, 3) as [MemorySocket, MemorySocket, MemorySocket];
  await rig.handle(...rig.origins);
  const [one] = rig.origins as [SimulatedOrigin];
  // Items 3 to 10, in batches of two, one, one, two and two.
  for (const batch of [[talks, hangs], [talks], [hangs], [ends, talks]]) {
    for (const client of batch) client.receive("x");
    await rig.rest();
  }
  ends.clientCloses(1000, "");
  hangs.receive("x");
  await rig.rest();
  const [, stream = "", first = 0] = one.inbox[0] ?? [];
  assert.deepEqual([one.inbox.length, first], [5, 3]);
  // All but what `hangs` said is handled: each batch without it is named.
  const beyond = [
    [5, 6],
    [7, 9],
  ];
  rig.network.command(one.name, ["ack", stream, 3, null, beyond]);
  await rig.rest();
  rig.kill(one);
  await rig.join("o2");
  await rig.pass(1);
  const [, two] = rig.origins as Two;
  await rig.handle(two);
  const id = idOf(hangs);
  const of = (wanted: string): string[] =>
    two.handled.filter(([, one]) => one === wanted).map(([verb, , seq]) => `${verb} ${seq}`);
  assert.deepEqual(of(id), ["message 1", "message 2", "message 3"]);
  assert.deepEqual(of(idOf(talks)), [], "its first message is handled, though it is still kept");
  assert.deepEqual(of(idOf(ends)), ["close 2"]);
  talks.receive("d");
  await rig.handle(two);
  assert.deepEqual(of(idOf(talks)), ["message 4"]);
  assert.deepEqual(two.faults, []);
});
