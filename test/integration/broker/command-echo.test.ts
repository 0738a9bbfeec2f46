import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startEmbeddedBroker } from "../../../adapters/embedded-broker/mod.ts";
import { MqttCommandBus } from "../../../adapters/mqtt/mod.ts";
import { Topics } from "../../../adapters/topics/mod.ts";
import { recordingListener } from "../../conformance/command-bus-rig.ts";
import { brokerPorts, plainClient } from "../../support/broker/broker-rigs.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

const app = "default";
const topics = new Topics();

test("a node probes its commands after every subscription, and counts none of it", async () => {
  const broker = await startEmbeddedBroker({ host: "127.0.0.1", port: 0 });
  after(() => broker.close());
  const proxy = await TcpProxy.start(broker.port);
  after(() => proxy.close());
  const probes: string[] = [];
  const spy = await plainClient(broker.port, [topics.nodeCommands(app, "+", "+")], (at, payload) =>
    probes.push(`${at} ${Array.from(payload)}`),
  );
  after(() => spy.stop());
  const ports = brokerPorts({ url: proxy.url, version: "4" });
  const bus = new MqttCommandBus({ apps: [app], node: "n1" }, ports);
  after(() => bus.stop());
  const received = recordingListener();
  // It never announces itself: a heartbeat would probe too.
  await bus.start(received.listener);
  await waitFor(() => probes.length === 1, { what: "the first probe" });
  proxy.cut();
  await waitFor(() => probes.length === 2, { what: "the probe of the second connection" });
  assert.deepEqual(new Set(probes), new Set([`${topics.nodeCommands(app, "n1", "n1")} 144`]));
  // What comes behind the probe has come: the probe is not among the commands.
  spy.publish(topics.nodeCommands(app, "n1", "me"), Uint8Array.of(0x91), () => {});
  await waitFor(() => received.commands.length > 0, { what: "the command" });
  assert.equal(received.commands.length, 1);
});
