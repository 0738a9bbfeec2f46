import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, nodeOfConnectionId } from "../../../../core/base/mod.ts";
import { AddressLimits } from "../../../../core/connection/address-limits.ts";
import type { Connection } from "../../../../core/connection/connection.ts";
import { newConnectionId } from "../../../../core/connection/new-connection-id.ts";
import { Registry } from "../../../../core/connection/registry.ts";
import { MessageKind } from "../../../../core/ports/mod.ts";
import { SeededRandom } from "../../../support/memory/mod.ts";
import { idOf, messagesOf, settled } from "../../../support/memory-node/memory-node.ts";
import { closes, handled, RouterRig } from "../../../support/memory-node/router-rig.ts";
import type { SimulatedOrigin } from "../../../support/memory-node/simulated-origins.ts";

test("connection ids carry the node's name, are short, URL-safe and never the same", () => {
  const random = new SeededRandom(1);
  const ids = new Set(Array.from({ length: 1_000 }, () => newConnectionId("n-1", 7, random)));
  assert.equal(ids.size, 1_000);
  for (const id of ids) {
    assert.match(id, /^n-1\.AAAH[A-Za-z0-9_-]{22}$/);
    assert.equal(nodeOfConnectionId(id), "n-1");
  }
  assert.ok(newConnectionId("n".repeat(32), limits.connectionsMax, random).length <= 64);
  for (const bad of ["", "n1", ".x", "N1.x", "n1.", "n1.a b", `${"n".repeat(33)}.x`]) {
    assert.equal(nodeOfConnectionId(bad), undefined, bad);
  }
});

test("the registry gives freed slots out again and no more than it may", () => {
  const registry = new Registry(2);
  const slots = [registry.reserve(), registry.reserve(), registry.reserve()];
  assert.deepEqual(slots, [0, 1, -1]);
  registry.set({ slot: 1, info: "", app: { name: "a" } } as Connection);
  registry.release(1);
  assert.equal(registry.get(1), undefined);
  assert.equal(registry.size, 1);
  assert.equal(registry.reserve(), 1);
});

test("a connection that ends while there is no limit counts no more when there is one", () => {
  const address = "192.0.2.1";
  const addresses = new AddressLimits(1);
  const [one, two] = [{ address }, { address }] as [Connection, Connection];
  assert.equal(addresses.opened(one), true);
  assert.equal(addresses.full(address, 0), true);
  addresses.max = 0;
  assert.equal(addresses.full(address, 9), false);
  assert.equal(addresses.opened(two), true);
  addresses.gone(one);
  addresses.gone(one);
  addresses.max = 1;
  // Of `two` nothing is known: it came while nobody counted.
  assert.equal(addresses.full(address, 0), false);
  addresses.gone(two);
  assert.equal(addresses.full(address, 1), true);
  assert.equal(addresses.opened(one), true);
  assert.equal(addresses.opened(two), false);
});

test("a connection that is closed counts until its stream is gone", async () => {
  const rig = await new RouterRig({ connectionsMax: 1 }).start("o1");
  const { connection } = rig.node.connect();
  assert.equal(await rig.handshake(), "503 connections-full");
  // As a runtime tells of a close frame, while the TCP stream stands.
  rig.node.gateway.closed(connection as never, 1_000, "");
  assert.equal(rig.node.gateway.connections, 0);
  assert.equal(rig.node.metrics.value("wss_connections_closing"), 1);
  assert.equal(await rig.handshake(), "503 connections-full");
  rig.node.gateway.gone(connection as never);
  assert.equal(rig.node.metrics.value("wss_connections_closing"), 0);
  assert.equal(await rig.handshake(), "welcome");
});

// The node of a rig takes messages of 10,000 bytes.
const cases = [
  ["text", "x".repeat(10_000), "x".repeat(10_001)],
  ["text of two bytes a character", "é".repeat(5_000), "é".repeat(5_001)],
  ["binary", new Uint8Array(10_000), new Uint8Array(10_001)],
] as const;

for (const [what, fits, tooBig] of cases) {
  test(`a message that a runtime's own server took, too large: 1009, ${what}`, async () => {
    const rig = await new RouterRig().start("o1");
    const client = rig.node.connect();
    client.receive(fits);
    await rig.handle(...rig.origins);
    assert.deepEqual(closes(client), []);
    client.receive(tooBig);
    await rig.handle(...rig.origins);
    assert.deepEqual([closes(client), messagesOf(client)], [[1009], []]);
    assert.equal(rig.node.errors("message-too-big"), 1);
    assert.deepEqual(handled(...rig.origins), ["open 0", "message 1", "close 2"]);
    assert.equal(rig.origins[0]?.handled.at(-1)?.[5], "limit");
  });
}

const outgoing = [
  [{ publishBytesMax: 100, sendQueueBytesMax: 1_000 }, "publish-too-big"],
  [{ publishBytesMax: 1_000, sendQueueBytesMax: 100 }, "queue-too-small"],
] as const;

for (const [options, code] of outgoing) {
  test(`too large a message to clients reaches nobody: ${code}`, async () => {
    const rig = await new RouterRig(options).start("o1");
    const client = rig.node.connect();
    await rig.handle(...rig.origins);
    const [fits, tooBig] = ["x".repeat(100), "x".repeat(101)];
    for (const data of [fits, tooBig]) {
      rig.network.command("o1", ["send", idOf(client), data]);
      rig.network.command("o1", ["publish", "@all", data]);
      const payload = new TextEncoder().encode(data);
      const kind = MessageKind.text;
      rig.broker.groupMessage({ app: "default", group: "@all", kind, payload });
    }
    await rig.rest();
    assert.deepEqual([messagesOf(client), closes(client)], [[fits, fits, fits], []]);
    assert.equal(rig.node.errors(code), 3);
  });
}

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

test("a drain closes its connections evenly over the period, the clock may be set", async () => {
  for (const set of [0, 3_600_000, -3_600_000]) {
    const rig = await new RouterRig().start("o1");
    const clients = Array.from({ length: 40 }, () => rig.node.connect());
    await rig.handle(...rig.origins);
    const state = await draining(rig, 10_000);
    const closed = (): number => clients.filter((client) => closes(client).length > 0).length;
    for (let second = 1; second <= 9; second++) {
      await rig.pass(1);
      if (second === 2) rig.clock.set(set);
      const due = 4 * second;
      assert.ok(Math.abs(closed() - due) <= 2, `${closed()} of ${due} after ${second} s`);
    }
    assert.equal(await rig.handshake(), "503 draining");
    assert.equal(rig.node.gateway.readiness().reasons.includes("draining"), true);
    await rig.pass(2);
    assert.equal(closed(), 40);
    await rig.handle(...rig.origins);
    assert.equal(state.ended, true);
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
