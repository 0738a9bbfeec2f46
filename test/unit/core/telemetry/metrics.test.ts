import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { CloseCause, ErrorCode } from "../../../../core/base/mod.ts";
import { GatewayMetrics } from "../../../../core/telemetry/mod.ts";
import { MemoryMetrics } from "../../../support/memory/mod.ts";
import { grantOfQuery, idOf, settled } from "../../../support/memory-node/memory-node.ts";
import { NodeRig } from "../../../support/memory-node/node-rig.ts";

const seconds = (rig: NodeRig, name: string, labels = {}): readonly number[] =>
  rig.node.metrics.observed(`wss_${name}_seconds`, labels);

test("an event is timed until its acknowledgement, one of its stream at a time", async () => {
  const rig = new NodeRig();
  const answers: (() => void)[] = [];
  const channel = rig.node.channel;
  const publish = channel.publish.bind(channel);
  channel.publish = (destination, batch, confirmed) =>
    publish(destination, batch, (error) => answers.push(() => confirmed(error)));
  const answerAll = async (): Promise<void> => {
    while (answers.length > 0) {
      answers.shift()?.();
      await rig.rest();
    }
  };
  await rig.node.gateway.start();
  await rig.rest();
  await answerAll();
  const before = seconds(rig, "event_ack").length;
  const socket = rig.node.connect();
  rig.clock.stall(100);
  await rig.rest();
  socket.receive("later than the event that is timed");
  rig.clock.stall(1_900);
  await rig.rest();
  assert.equal(seconds(rig, "event_ack").length, before);
  answers.shift()?.();
  await rig.rest();
  assert.deepEqual(seconds(rig, "event_ack").slice(before), [2]);
  // The next one begins anew, and what was published before it says nothing about it.
  socket.receive("timed");
  await rig.rest();
  rig.clock.stall(250);
  answers.shift()?.();
  await rig.rest();
  assert.equal(seconds(rig, "event_ack").length, before + 1);
  await answerAll();
  assert.deepEqual(seconds(rig, "event_ack").slice(before + 1), [0.25]);
});

test("a batch counts with its items and its bytes", async () => {
  const rig = new NodeRig();
  await rig.node.gateway.start();
  const socket = rig.node.connect();
  for (const text of ["a", "b", "c"]) socket.receive(text);
  await rig.rest();
  const { metrics } = rig.node;
  assert.deepEqual(metrics.observed("wss_event_batch_items"), [4]);
  assert.deepEqual(metrics.observed("wss_event_batch_bytes"), [
    metrics.value("wss_event_bytes_published_total"),
  ]);
});

test("commands are timed from their batch to the flush; what sends nothing is not", async () => {
  const rig = new NodeRig();
  const { broker, clock, node } = rig;
  await node.gateway.start();
  const socket = node.connect();
  broker.command("default", "o", "n", encode([["join", idOf(socket), "room"]]));
  await rig.rest();
  assert.deepEqual(seconds(rig, "command_flush"), []);
  broker.command("default", "o", "n", encode([["send", idOf(socket), "x"]]));
  await settled();
  clock.stall(40);
  broker.command("default", "o", "n", encode([["send", idOf(socket), "y"]]));
  await settled();
  clock.stall(10);
  clock.turn();
  assert.deepEqual(seconds(rig, "command_flush"), [0.05]);
});

test("handshakes are timed by their outcome, and the decision by itself", async () => {
  let decide: () => void = () => {};
  const rig = new NodeRig(
    { authorize: "jwt" },
    {
      authorize: (candidate) =>
        new Promise((resolve) => {
          decide = () => resolve(grantOfQuery(candidate));
        }),
    },
  );
  await rig.node.gateway.start();
  const asked = rig.node.handshake(`/?${encodeURIComponent("{}")}`);
  rig.clock.stall(300);
  decide();
  assert.equal((await asked).accepted, true);
  assert.deepEqual(seconds(rig, "authorization"), [0.3]);
  assert.deepEqual(seconds(rig, "handshake", { outcome: "accepted" }), [0.3]);
  assert.equal((await rig.node.handshake("/", { "sec-websocket-key": "x" })).accepted, false);
  assert.deepEqual(seconds(rig, "handshake", { outcome: "refused" }), [0]);
  assert.deepEqual(seconds(rig, "authorization"), [0.3]);
});

test("every close cause and error code has a counter from the start, at 0", () => {
  const memory = new MemoryMetrics();
  const metrics = new GatewayMetrics(memory);
  const closed = (cause: CloseCause): number | undefined =>
    memory.value("wss_connections_closed_total", { cause });
  const errors = (code: ErrorCode): number | undefined =>
    memory.value("wss_errors_total", { code });
  const causes = Object.values(CloseCause);
  const codes = Object.keys(ErrorCode) as ErrorCode[];
  for (const cause of causes) assert.equal(closed(cause), 0, cause);
  for (const code of codes) assert.equal(errors(code), 0, code);
  metrics.closed(causes[0]!);
  metrics.error(codes[0]!);
  assert.deepEqual([closed(causes[0]!), errors(codes[0]!)], [1, 1]);
  assert.equal(memory.total("wss_connections_closed_total"), 1);
  assert.equal(memory.total("wss_errors_total"), 1);
});
