import assert from "node:assert/strict";
import { test } from "node:test";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { spawnGateway, startGateway } from "../../support/gateway/gateway.ts";
import { BatchServer } from "../../support/http/batch-server.ts";
import { checkOrder, NumberedClient } from "../../support/http/talk.ts";
import { waitFor } from "../../support/process/wait.ts";
import { Listener, ServiceClient } from "../../support/service-port/service-client.ts";

function list(brokers: readonly Mosquitto[]): string {
  return brokers.map((broker) => broker.url()).join(",");
}

test("a bridge passes events on over two brokers, each of which dies and comes back", async () => {
  await using one = await Mosquitto.start();
  await using two = await Mosquitto.start();
  await using origin = await BatchServer.start();
  const brokers = ["--broker", list([one, two])];
  const gateway = await startGateway({ flags: [...brokers, "--origin-mode", "assigned"] });
  const flags = [...brokers, "--origin", origin.url, "--origin-format", "batch"];
  const bridge = spawnGateway({ command: "bridge", flags });
  await bridge.event("started");
  const clients = await Promise.all(
    Array.from({ length: 5 }, () => NumberedClient.open(gateway.info.port)),
  );
  const complete = (): boolean => clients.every((client) => client.complete);
  const say = (): void => {
    for (let message = 0; message < 50; message++) for (const client of clients) client.say();
  };
  say();
  await waitFor(complete, { what: "every echo" });
  for (const broker of [one, two]) {
    await broker.kill();
    say();
    await broker.restart();
    await waitFor(complete, { what: "every echo after an outage" });
  }
  for (const [index, client] of clients.entries()) client.check(`client ${index}`);
  checkOrder(origin.items);
  for (const { client } of clients) client.destroy();
});

test("the service port goes on while one of two brokers is away", async () => {
  await using one = await Mosquitto.start();
  await using two = await Mosquitto.start();
  const flags = ["--broker", list([one, two]), "--service-port", "0", "--origin-mode", "open"];
  const gateway = await startGateway({ flags });
  const port = new ServiceClient(gateway.info);
  const listener = await Listener.open(gateway.info);
  const [id] = await waitFor(async () => {
    const ids = await port.ids();
    return ids.length === 1 && ids;
  });
  await using other = await startGateway({ flags });
  const second = new ServiceClient(other.info);
  for (const broker of [one, two]) {
    await broker.kill();
    await Promise.all([gateway, other].map((node) => isAway(node.info.adminPort)));
    for (const [index, from] of [port, second].entries()) {
      const results = await from.run(
        ["send", id, `sent ${index}`],
        ["publish", "@all", `published ${index}`],
      );
      assert.deepEqual(results[0], { [id!]: "sent" });
      assert.equal((results[1] as { sent?: number }).sent, 1);
    }
    await broker.restart();
    await Promise.all([gateway, other].map((node) => isAway(node.info.adminPort, false)));
  }
  const words = ["sent 0", "published 0", "sent 1", "published 1"];
  assert.deepEqual(await listener.has(8), [...words, ...words]);
  listener.socket.terminate();
});

/** Resolves when a broker is away, or none is. */
async function isAway(adminPort: number, away: boolean = true): Promise<void> {
  await waitFor(
    async () => {
      const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
      return /^wss_broker_up\{.*\} 0$/m.test(text) === away;
    },
    { what: away ? "a broker to be away" : "every broker" },
  );
}
