import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttCommandBus } from "../../../adapters/mqtt/mod.ts";
import { recordingListener } from "../../conformance/command-bus-rig.ts";
import { brokerPorts, testPorts } from "../../support/broker/broker-rigs.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { waitFor } from "../../support/process/wait.ts";

const app = "default";

test("what a broker that hangs has no room for is told as lost, the rest arrives", async () => {
  const broker = await Mosquitto.start();
  const ports = testPorts();
  const url = broker.url();
  const apps = [app];
  const [received, receivedOther] = [recordingListener(), recordingListener()];
  const bus = new MqttCommandBus({ apps, node: "n1" }, brokerPorts({ url }, ports));
  const other = new MqttCommandBus({ apps, node: "n2" }, brokerPorts({ url }));
  await Promise.all([bus.start(received.listener), other.start(receivedOther.listener)]);
  await new Promise<void>((resolve) => other.joinGroup(app, "room", () => resolve()));
  const forwards = 100;
  try {
    broker.pause();
    for (let index = 0; index < forwards; index++) {
      bus.forwardToGroup(app, "room", new Uint8Array(1_048_576));
    }
    broker.resume();
    assert.ok(received.lost > 0, "more than may wait");
    await waitFor(() => receivedOther.commands.length + received.lost === forwards, {
      what: "the rest",
    });
    assert.equal(ports.logger.of("forward-failed").length, received.lost);
  } finally {
    await Promise.all([bus.stop(), other.stop()]);
    await broker[Symbol.asyncDispose]();
  }
});
