import assert from "node:assert/strict";
import { after, test } from "node:test";
import { connectAsync } from "mqtt";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { metricOf } from "../../support/gateway/control-rig.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

const root = "wss/v1/default";

/** Every topic of commands, with what would reach the client if it were carried out. */
const stored: readonly (readonly [topic: string, payload: string])[] = [
  [`${root}/commands/me`, '[["publish","@all","stored for all nodes"]]'],
  [`${root}/nodes/edge/commands/me`, '[["publish","@all","stored for the node"]]'],
  [`${root}/groups/@all/commands/me`, '[["publish","@all","stored for the group"]]'],
  [`${root}/groups/@all/text`, "stored text"],
  [`${root}/groups/@all/binary`, "stored bytes"],
];

/** A port where MQTT is spoken, for as long as the test runs. */
const brokers: readonly (readonly [name: string, start: () => Promise<number | undefined>])[] = [
  [
    "mosquitto",
    async () => {
      const broker = await Mosquitto.start();
      after(() => broker[Symbol.asyncDispose]());
      return broker.port;
    },
  ],
  ["the embedded broker", async () => (await startGateway()).info.brokerPort],
];

for (const [name, start] of brokers) {
  test(`what ${name} has stored is never carried out, at no reconnect`, async () => {
    const port = (await start()) as number;
    const proxy = await TcpProxy.start(port);
    after(() => proxy.close());
    const publisher = await connectAsync(`mqtt://127.0.0.1:${port}`, { timerVariant: "native" });
    after(() => publisher.endAsync());
    for (const [topic, payload] of stored) {
      await publisher.publishAsync(topic, payload, { qos: 1, retain: true });
    }
    const flags = ["--broker", proxy.url, "--node-name", "edge"];
    const gateway = await startGateway({ flags });
    const refused = (): Promise<number> =>
      metricOf(gateway, 'wss_errors_total{code="retained-refused"}');
    const client = await RawClient.open(gateway.info.port);
    for (let session = 1; session <= 3; session++) {
      if (session > 1) proxy.cut();
      await waitFor(async () => (await refused()) === session * stored.length, {
        what: `what is stored, refused in session ${session}`,
      });
    }
    await publisher.publishAsync(`${root}/commands/me`, '[["publish","@all","new"]]', { qos: 1 });
    assert.equal(await client.nextText(), "new");
    const lines = gateway.log.filter(({ code }) => code === "retained-refused");
    for (const [topic] of stored) {
      assert.ok(
        lines.some((line) => line.topic === topic),
        `a line names ${topic}`,
      );
    }
    client.destroy();
  });
}
