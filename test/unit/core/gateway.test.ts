import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { limits } from "../../../core/base/mod.ts";
import type { Authorizer } from "../../../core/ports/mod.ts";
import { ManualClock, MemoryBroker, type MemorySocket } from "../../support/memory/mod.ts";
import { gatewayOptions, type SaidOptions } from "../../support/memory-node/gateway-options.ts";
import {
  grantOfQuery,
  idOf,
  MemoryNode,
  recordEvents,
  settled,
} from "../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../support/memory-node/node-rig.ts";
import { RouterRig } from "../../support/memory-node/router-rig.ts";

/** Two nodes of one broker, and what they publish. */
async function cluster() {
  const parts = { broker: new MemoryBroker(), clock: new ManualClock() };
  const events = recordEvents(parts.broker);
  const [one, two] = ["one", "two"].map(
    (node) => new MemoryNode(parts, { node, keepAliveIntervalMs: 30_000 }),
  ) as [MemoryNode, MemoryNode];
  await Promise.all([one.gateway.start(), two.gateway.start()]);
  return { ...parts, one, two, events };
}

test("a local origin's command reaches connections of its node and of another", async () => {
  const { clock, one, two, events } = await cluster();
  const [here, there] = [one.connect(), two.connect()];
  const ids = [idOf(here), idOf(there)];
  one.local([["send", ids, "hello", { ref: 1 }]]);
  await settled();
  clock.turn();
  assert.deepEqual(here.delivered, [{ type: "message", data: "hello" }]);
  assert.deepEqual(there.delivered, [{ type: "message", data: "hello" }]);
  clock.turn();
  await settled();
  const replies = events.filter(([, , verb]) => verb === "reply");
  assert.deepEqual(replies, [
    ["one", "default", "reply", 1, { [ids[0]!]: "sent" }],
    ["two", "default", "reply", 1, { [ids[1]!]: "sent" }],
  ]);
});

test("what comes over the bus is not forwarded again", async () => {
  const { broker, clock, one, two } = await cluster();
  const there = two.connect();
  // Addressed to the wrong node by name: counted there, and never sent round in a circle.
  broker.command("default", "origin", "one", encode([["send", idOf(there), "lost"]]));
  broker.command("default", "origin", undefined, encode([["send", idOf(there), "for all"]]));
  await settled();
  clock.turn();
  assert.deepEqual(there.delivered, [{ type: "message", data: "for all" }]);
  assert.equal(one.errors("id-foreign"), 1);
  for (const node of [one, two]) {
    assert.equal(node.metrics.value("wss_commands_forwarded_total"), 0);
  }
});

test("a command for another node that the bus cannot take is counted as lost", async () => {
  const { broker, one, two } = await cluster();
  const there = two.connect();
  for (const up of [true, false]) {
    broker.up = up;
    one.local([["send", idOf(there), "hello"]]);
    await settled();
    assert.equal(one.errors("forward-lost"), up ? 0 : 1);
  }
});

test("keep-alives name every connection, a bounded number in each item", async () => {
  const { clock, one, events } = await cluster();
  const count = limits.aliveIdsMax + 5;
  const ids = new Set(Array.from({ length: count }, () => idOf(one.connect())));
  clock.turn();
  await settled();
  clock.advance(30_000);
  await settled();
  const alive = events
    .filter(([, , verb]) => verb === "alive")
    .map(([, , , named]) => named as string[]);
  const lengths = alive.map((named) => named.length);
  assert.deepEqual(lengths, [limits.aliveIdsMax, 5]);
  assert.deepEqual(new Set(alive.flat()), ids);
});

test("gauges tell what there is now: origins, connections, groups, a full window", async () => {
  const app = { app: "default" };
  const rig = await new RouterRig({ windowBytesMax: 4_096 }).start("o1", "o2");
  const read = (name: string, labels?: Record<string, string>): number | undefined =>
    rig.node.metrics.value(name, labels);
  const [one, two] = [rig.node.connect(), rig.node.connect()];
  rig.node.local([
    ["join", idOf(one), "team"],
    ["join", idOf(one), "night"],
    ["join", idOf(two), "team"],
  ]);
  const third = rig.node.connect();
  await rig.rest();
  assert.equal(read("wss_origins", app), 2);
  assert.equal(read("wss_app_connections", app), 3);
  assert.equal(read("wss_connections"), 3);
  assert.equal(read("wss_app_groups", app), read("wss_groups"));
  assert.equal(read("wss_reading_paused"), 0);
  const before = read("wss_event_window_bytes") ?? 0;
  for (let message = 0; message < 3; message++) {
    third.receive("x".repeat(3_000));
    await rig.rest();
  }
  assert.equal(read("wss_reading_paused"), 1);
  const bytes = read("wss_event_window_bytes") ?? 0;
  assert.ok(bytes > before + 3_000, `${bytes} bytes`);
  assert.equal(read("wss_app_event_window_bytes", app), bytes);
  rig.kill(rig.origins[0]!);
  await rig.pass(1);
  assert.equal(read("wss_origins", app), 1);
});

async function start(
  options: SaidOptions = {},
  authorize?: Authorizer["authorize"],
): Promise<NodeRig> {
  const rig = new NodeRig(options, authorize === undefined ? {} : { authorize });
  await rig.node.gateway.start();
  return rig;
}

async function status(rig: NodeRig, headers: Record<string, string> = {}): Promise<number> {
  const answer = await rig.node.handshake(`/?${encodeURIComponent("{}")}`, headers);
  if (answer.accepted) rig.node.gateway.abandon(answer);
  return answer.accepted ? 101 : answer.statusCode;
}

test("reload: max-connections and allowed origins count from the next handshake on", async () => {
  const rig = await start();
  const socket = rig.node.connect();
  const from = () => status(rig, { origin: "https://b.example" });
  assert.equal(await from(), 101);
  rig.node.gateway.reload(gatewayOptions({ connectionsMax: 1 }));
  assert.equal(await from(), 503);
  assert.deepEqual(socket.delivered, [], "nobody is closed");
  rig.node.gateway.reload(gatewayOptions({ allowedOrigins: ["https://a.example"] }));
  assert.equal(await from(), 403);
  rig.node.gateway.reload(gatewayOptions());
  assert.equal(await from(), 101);
});

test("reload: rates bind connections that are open, from then on", async () => {
  const rig = await start();
  const socket = rig.node.connect();
  for (let count = 0; count < 10; count++) socket.receive("x");
  rig.node.gateway.reload(gatewayOptions({ guard: { messagesPerSecondMax: 3 } }));
  for (let count = 0; count < 3; count++) socket.receive("x");
  assert.deepEqual(socket.delivered, []);
  socket.receive("one too many");
  assert.equal(rig.node.errors("message-rate"), 1);
  rig.node.gateway.reload(gatewayOptions());
  const other = rig.node.connect();
  for (let count = 0; count < 10; count++) other.receive("x");
  assert.equal(rig.node.errors("message-rate"), 1);
});

test("reload: limits of an address, groups and sizes of messages", async () => {
  const rig = await start();
  const socket = rig.node.connect();
  rig.node.gateway.reload(
    gatewayOptions({
      guard: { connectionsPerIpMax: 1 },
      groupsPerConnectionMax: 1,
      publishBytesMax: 10,
    }),
  );
  rig.node.local([["join", idOf(socket), "one"]]);
  rig.node.local([["join", idOf(socket), "two"]]);
  await settled();
  assert.equal(rig.node.groups, 1);
  rig.broker.command("default", "o", "n", encode([["send", idOf(socket), "x".repeat(11)]]));
  await rig.rest();
  assert.equal(rig.node.errors("publish-too-big"), 1);
  const first = await rig.node.handshake("/");
  assert.ok(first.accepted);
  rig.node.open(first);
  assert.equal(await status(rig), 503);
  assert.equal(rig.node.errors("connections-per-ip"), 1);
});

test("reload: a limit of an address counts connections that are open, each once", async () => {
  const rig = await start();
  const enter = async (): Promise<MemorySocket> => {
    const answer = await rig.node.handshake("/");
    assert.ok(answer.accepted);
    return rig.node.open(answer);
  };
  const limit = (connectionsPerIpMax: number): void =>
    rig.node.gateway.reload(gatewayOptions({ guard: { connectionsPerIpMax } }));
  const [first] = [await enter(), await enter()];
  limit(2);
  assert.equal(await status(rig), 503);
  limit(3);
  limit(0);
  const third = await enter();
  limit(4);
  await enter();
  assert.equal(await status(rig), 503, "one came while there was no limit");
  first.clientCloses(1000, "");
  assert.equal(await status(rig), 101);
  limit(1);
  third.clientCloses(1000, "");
  await rig.rest();
  assert.equal(await status(rig), 503, "two are left");
  assert.equal(rig.node.errors("connections-per-ip"), 3);
  assert.equal(rig.node.gateway.connections, 2, "nobody is closed");
});

test("reload: another authorizer decides from the next handshake on", async () => {
  const rig = await start({ authorize: "jwt" }, grantOfQuery);
  assert.equal(await status(rig), 101);
  const refuses: Authorizer = {
    keysMissing: true,
    authorize: () =>
      Promise.resolve({ accepted: false, statusCode: 401, headers: {}, body: "" } as const),
  };
  rig.node.gateway.reload(gatewayOptions({ authorize: "jwt" }), refuses);
  assert.equal(await status(rig), 401);
  assert.deepEqual(rig.node.gateway.readiness().reasons, ["no keys to verify tokens"]);
  rig.node.gateway.reload(gatewayOptions({ authorize: "jwt" }));
  assert.equal(await status(rig), 401, "the same one goes on");
});

test("reload: handshakes of an address that wait, or begin in a second", async () => {
  const rig = await start({ authorize: "jwt" }, grantOfQuery);
  const reload = (options: SaidOptions): void =>
    rig.node.gateway.reload(gatewayOptions({ authorize: "jwt", ...options }));
  reload({ handshakesPerIpPerSecondMax: 1 });
  assert.deepEqual([await status(rig), await status(rig)], [101, 429]);
  reload({ handshakesPerIpMax: 1 });
  const asked = [status(rig), status(rig)];
  assert.deepEqual(await Promise.all(asked), [101, 429]);
});
