import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../../../core/base/mod.ts";
import type { Connection } from "../../../../core/connection/connection.ts";
import { Registry } from "../../../../core/connection/registry.ts";
import { HandshakeGate } from "../../../../core/handshake/handshake-gate.ts";
import { Routes } from "../../../../core/handshake/routes.ts";
import { GatewayMetrics } from "../../../../core/telemetry/mod.ts";
import {
  ManualClock,
  MemoryLogger,
  MemoryMetrics,
  type MemorySocket,
} from "../../../support/memory/mod.ts";
import { gatewayOptions } from "../../../support/memory-node/gateway-options.ts";
import {
  grantOfQuery,
  idOf,
  type MemoryNode,
  upgradeRequest,
} from "../../../support/memory-node/memory-node.ts";
import { eventsOf, NodeRig } from "../../../support/memory-node/node-rig.ts";
import { closes, RouterRig } from "../../../support/memory-node/router-rig.ts";
import type { SimulatedOrigin } from "../../../support/memory-node/simulated-origins.ts";

const authorized = { authorize: grantOfQuery };

/** A client with what its token grants. */
async function granted(node: MemoryNode, grant: object): Promise<MemorySocket> {
  const answer = await node.handshake(`/tea?${encodeURIComponent(JSON.stringify(grant))}`);
  assert.ok(answer.accepted);
  return node.open(answer);
}

/** What an origin was told of a connection, and handled: verbs and numbers. */
function received(origin: SimulatedOrigin, socket: MemorySocket): string[] {
  assert.deepEqual(origin.faults, []);
  const items = [...origin.assigned, ...origin.handled];
  return items.filter(([, id]) => id === idOf(socket)).map(([verb, , seq]) => `${verb} ${seq}`);
}

/** An origin is killed, and its Will believed. */
async function kill(rig: RouterRig, origin: SimulatedOrigin): Promise<void> {
  rig.kill(origin);
  await rig.pass(1);
}

test("who moves is introduced as its `open` did, with its state and groups of now", async () => {
  const rig = await new RouterRig({ authorize: "jwt" }, authorized).start("o1");
  const [one] = rig.origins as [SimulatedOrigin];
  const client = await granted(rig.node, { user: "bob", groups: ["a", "b"], state: { seat: 1 } });
  const id = idOf(client);
  client.receive("x");
  await rig.handle(one);
  rig.network.command("o1", ["state", id, { seat: 2 }]);
  rig.network.command("o1", ["leave", id, "a"]);
  rig.network.command("o1", ["join", id, "c"]);
  const opened = one.handled[0]?.[3] as Record<string, unknown>;
  assert.deepEqual([opened.path, opened.user, opened.state], ["/tea", "bob", { seat: 1 }]);
  await rig.join("o2");
  const two = rig.origins[1]!;
  await kill(rig, one);
  await rig.handle(two);
  const now = { ...opened, state: { seat: 2 }, groups: ["b", "c"] };
  assert.deepEqual(two.assigned, [["assigned", id, 2, now]]);
  client.receive("y");
  client.clientCloses(1000, "");
  await rig.handle(two);
  const grant = { user: "bob", state: { seat: 2 } };
  assert.deepEqual(two.handled.at(-1), ["close", id, 3, 1000, "", "client", grant]);
  assert.deepEqual(received(two, client), ["assigned 2", "message 2", "close 3"]);
});

test("a close says whose the connection was, in open mode too, or nothing", async () => {
  const rig = new NodeRig({ mode: "open", authorize: "jwt" }, authorized);
  await rig.node.gateway.start();
  for (const grant of [{ user: "bob" }, { state: 7 }, {}]) {
    const client = await granted(rig.node, grant);
    client.clientCloses(1000, "");
  }
  await rig.rest();
  const ends = eventsOf(rig.published, "close").map((event) => event.slice(4));
  assert.deepEqual(ends, [["client", { user: "bob" }], ["client", { state: 7 }], ["client"]]);
});

test("who is closed is introduced too, while something of it is not confirmed", async () => {
  const rig = await new RouterRig({ authorize: "jwt" }, authorized).start("o1");
  const [one] = rig.origins as [SimulatedOrigin];
  const client = await granted(rig.node, { user: "bob", state: 1, groups: ["a"] });
  await rig.handle(one);
  client.receive("x");
  client.clientCloses(1000, "");
  // Twice, the second time without any that had confirmed the first introduction.
  for (const name of ["o2", "o3"]) {
    await kill(rig, rig.origins.at(-1)!);
    await rig.join(name);
  }
  const last = rig.origins.at(-1)!;
  await rig.handle(last);
  assert.deepEqual(received(last, client), ["assigned 1", "message 1", "close 2"]);
  const [[, , , info] = []] = last.assigned;
  const { user, groups } = info as { user: string; groups: string[] };
  assert.deepEqual([user, groups], ["bob", ["a"]]);
});

test("whose `open` is not confirmed needs no introduction", async () => {
  const rig = await new RouterRig().start("o1");
  const client = rig.node.connect();
  client.receive("x");
  await rig.rest();
  await kill(rig, rig.origins[0]!);
  await rig.join("o2");
  const two = rig.origins[1]!;
  await rig.handle(two);
  assert.deepEqual(received(two, client), ["open 0", "message 1"]);
});

test("from the no-origin buffer known connections are introduced, others open", async () => {
  const rig = await new RouterRig().start("o1");
  const [one] = rig.origins as [SimulatedOrigin];
  const early = rig.node.connect();
  await rig.handle(one);
  await kill(rig, one);
  early.receive("x");
  const late = rig.node.connect();
  await rig.pass(1);
  await rig.join("o2");
  const two = rig.origins[1]!;
  await rig.handle(two);
  assert.deepEqual(received(two, early), ["assigned 1", "message 1"]);
  assert.deepEqual(received(two, late), ["open 0"]);
});

test("when open mode ends, everyone is introduced to the first origin", async () => {
  const rig = await new RouterRig({ mode: "auto" }).start();
  const client = rig.node.connect();
  client.receive("x");
  await rig.rest();
  await rig.join("o1");
  client.receive("y");
  const [one] = rig.origins as [SimulatedOrigin];
  await rig.handle(one);
  assert.deepEqual(received(one, client), ["assigned 2", "message 2"]);
});

test("an idle connection that is rebalanced is introduced, each time that it comes", async () => {
  const rig = await new RouterRig().start("o1");
  const [one] = rig.origins as [SimulatedOrigin];
  const clients = Array.from({ length: 20 }, () => rig.node.connect());
  await rig.handle(one);
  await rig.join("o2");
  const two = rig.origins[1]!;
  for (let round = 0; round < 3; round++) {
    await rig.pass(2);
    await rig.handle(one, two);
  }
  const moved = clients.filter((client) => received(two, client).length > 0);
  assert.ok(moved.length > 0, "some are of the second");
  for (const client of moved) assert.deepEqual(received(two, client), ["assigned 1"]);
  await kill(rig, two);
  for (const client of clients) client.receive("x");
  await rig.handle(one);
  for (const client of moved) {
    assert.deepEqual(received(one, client), ["assigned 1", "open 0", "message 1"]);
  }
});

test("who cannot be introduced, because no packet is large enough, is closed", async () => {
  const rig = await new RouterRig().start("o1");
  const info = { path: "x".repeat(600) };
  const answer = { accepted: true, app: "default", deflate: false, info } as const;
  const client = rig.node.open({ ...answer, subprotocol: undefined });
  await rig.handle(rig.origins[0]!);
  rig.network.batchBytesMax = 600;
  await kill(rig, rig.origins[0]!);
  await rig.join("o2");
  assert.deepEqual(closes(client), [1009]);
});

test("a close that fits no packet with its state is told without", async () => {
  const rig = await new RouterRig({ authorize: "jwt" }, authorized).start("o1");
  const client = await granted(rig.node, { state: "x".repeat(600) });
  await rig.handle(rig.origins[0]!);
  rig.network.batchBytesMax = 400;
  client.clientCloses(1000, "");
  await rig.handle(rig.origins[0]!);
  assert.deepEqual(rig.origins[0]!.handled.at(-1)?.slice(2), [1, 1000, "", "client"]);
  assert.equal(rig.node.errors("batch-too-big"), 0);
});

test("what is kept of requests is bounded for all connections together", () => {
  const registry = new Registry(2);
  const connection = (slot: number, info: string): Connection =>
    ({ slot, info, app: { name: "a" } }) as Connection;
  registry.set(connection(registry.reserve(), "abc"));
  registry.set(connection(registry.reserve(), "d"));
  assert.equal(registry.infoBytes, 4);
  registry.release(0);
  assert.equal(registry.infoBytes, 1);
  const { app } = gatewayOptions();
  const answer = (infoBytes: number): unknown => {
    const parts = {
      registry: { size: 0, infoBytes },
      routes: new Routes([], app),
      guard: { refuses: () => false },
      apps: { get: () => ({ router: {} }) },
      metrics: new GatewayMetrics(new MemoryMetrics()),
      clock: new ManualClock(),
      logger: new MemoryLogger(),
      authority: { waiting: () => 0 },
    };
    const handshakeGate = new HandshakeGate(parts as never, gatewayOptions());
    const decided = handshakeGate.answer(upgradeRequest("/"));
    return "statusCode" in decided ? decided.errorCode : "welcome";
  };
  assert.equal(answer(limits.infosBytesMax - 1), "welcome");
  assert.equal(answer(limits.infosBytesMax), "connections-full");
});
