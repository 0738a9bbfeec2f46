import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import type { Authorizer } from "../../../core/ports/mod.ts";
import type { MemorySocket } from "../../support/memory/mod.ts";
import { gatewayOptions } from "../../support/memory-node/gateway-options.ts";
import { grantOfQuery, idOf, settled } from "../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../support/memory-node/node-rig.ts";

type Said = NonNullable<Parameters<typeof gatewayOptions>[0]>;

async function start(options: Said = {}, authorize?: Authorizer["authorize"]): Promise<NodeRig> {
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
  const { guard } = gatewayOptions();
  rig.node.gateway.reload(gatewayOptions({ guard: { ...guard, messagesPerSecondMax: 3 } }));
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
  const { guard } = gatewayOptions();
  rig.node.gateway.reload(
    gatewayOptions({
      guard: { ...guard, connectionsPerIpMax: 1 },
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
  const reload = (options: Said): void =>
    rig.node.gateway.reload(gatewayOptions({ authorize: "jwt", ...options }));
  reload({ handshakesPerIpPerSecondMax: 1 });
  assert.deepEqual([await status(rig), await status(rig)], [101, 429]);
  reload({ handshakesPerIpMax: 1 });
  const asked = [status(rig), status(rig)];
  assert.deepEqual(await Promise.all(asked), [101, 429]);
});
