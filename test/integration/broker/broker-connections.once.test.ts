import assert from "node:assert/strict";
import { test } from "node:test";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { readPage } from "../../support/docs/docs.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";

test("a node holds as many MQTT connections as the pages say", async () => {
  await using broker = await Mosquitto.start();
  for (const [routes, connections] of [
    ["", 4],
    ["/a=one,/b=two", 5],
  ] as const) {
    const proxy = await TcpProxy.start(broker.port);
    const flags = ["--broker", proxy.url, "--drain-period", "0ms"];
    if (routes !== "") flags.push("--routes", routes);
    const gateway = await startGateway({ flags });
    assert.equal(proxy.connections, connections, routes);
    await gateway.stop();
    await proxy.close();
  }
  assert.match(readPage("docs/operating"), /A node holds four MQTT connections/);
  const record = readPage("docs/decisions/0004-mqtt-connections.md");
  assert.match(record, /A node of one app holds four/);
});
