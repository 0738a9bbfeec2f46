import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MqttClient } from "mqtt";
import { MqttLink } from "../../../../adapters/mqtt/mod.ts";
import { testPorts } from "../../../support/broker/broker-rigs.ts";
import { Mosquitto } from "../../../support/broker/mosquitto.ts";
import { waitFor } from "../../../support/process/wait.ts";

/** QoS of what MQTT.js publishes, and of what it hands on. */
const published: number[] = [];
const handled: number[] = [];
const { publish, handleMessage } = MqttClient.prototype;

MqttClient.prototype.publish = function (this: MqttClient, ...given: unknown[]): MqttClient {
  published.push((given[2] as { qos: number }).qos);
  return (publish as (...all: unknown[]) => MqttClient).apply(this, given);
} as typeof publish;

MqttClient.prototype.handleMessage = function (packet, done): void {
  handled.push(packet.qos);
  handleMessage.call(this, packet, done);
};

after(() => {
  Object.assign(MqttClient.prototype, { publish, handleMessage });
});

const sizes = [0, 1, 100, 16_384, 16_385, 300_000];
const texts = Array.from(
  { length: 60 },
  (_, index) => [`t/${index % 7}`, `${index} ${"x".repeat(sizes[index % 6]!)}`] as const,
);

/** Sends messages to itself, every third one at QoS 1. Returns them as they came. */
async function talk(version: "4" | "5", dataLane: boolean): Promise<string[]> {
  await using broker = await Mosquitto.start();
  const options = { url: broker.url(), name: "x", role: "test", version, dataLane };
  const link = new MqttLink({ ...options, filters: ["t/#"] }, testPorts());
  const received: string[] = [];
  await link.start({
    connected: () => {},
    message: (topic, payload) => received.push(`${topic} ${new TextDecoder().decode(payload)}`),
  });
  published.length = handled.length = 0;
  for (const [index, [topic, text]] of texts.entries()) {
    const room = index % 2 === 0 ? 50 : 0;
    const payload = new TextEncoder().encode("r".repeat(room) + text).subarray(room);
    if (index % 3 === 2) link.publish(topic, payload, () => {});
    else link.publishAtMostOnce(topic, payload, () => {}, room);
  }
  await waitFor(() => received.length === texts.length, { what: "all messages" });
  await link.stop();
  return received.map(short);
}

/** A message in a few characters, and its length. */
const short = (message: string): string => `${message.slice(0, 6).trim()} ${message.length}`;
const sent = texts.map(([topic, text]) => short(`${topic} ${text}`));

for (const version of ["4", "5"] as const) {
  test(`packets at QoS 0 pass MQTT.js by and keep their order, MQTT ${version}`, async () => {
    assert.deepEqual(await talk(version, true), sent);
    assert.deepEqual(new Set(published), new Set([1]));
    const slow = handled.filter((qos) => qos === 0).length;
    assert.ok(slow < 40, `${slow} of 40 came behind others, and went their way`);
  });

  test(`without the data lane MQTT.js has them all, MQTT ${version}`, async () => {
    assert.deepEqual(await talk(version, false), sent);
    assert.deepEqual(published.filter((qos) => qos === 0).length, 40);
    assert.deepEqual(handled.filter((qos) => qos === 0).length, 40);
  });
}
