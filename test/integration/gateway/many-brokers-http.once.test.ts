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

for (const dies of [0, 1]) {
  test(`the service port goes on while broker ${dies} of two is away`, async () => {
    const brokers = [await Mosquitto.start(), await Mosquitto.start()] as const;
    await using one = brokers[0];
    await using two = brokers[1];
    const flags = ["--broker", list([one, two]), "--service-port", "0", "--origin-mode", "open"];
    flags.push("--log-level", "debug");
    const gateways = [await startGateway({ flags }), await startGateway({ flags })];
    const ports = gateways.map(({ info }) => new ServiceClient(info));
    const listener = await Listener.open(gateways[0]!.info);
    const [id] = await waitFor(async () => {
      const ids = await ports[1]!.ids();
      return ids.length === 1 && ids;
    });
    await brokers[dies]!.kill();
    for (const gateway of gateways)
      await waitFor(() => missesAll(gateway.log), { what: "the loss" });
    for (const [index, port] of ports.entries()) {
      const results = await port.run(
        ["send", id, `sent ${index}`],
        ["publish", "@all", `published ${index}`],
      );
      assert.deepEqual(results[0], { [id!]: "sent" });
      assert.equal((results[1] as { sent?: number }).sent, 1);
    }
    assert.deepEqual(await listener.has(4), ["sent 0", "published 0", "sent 1", "published 1"]);
    listener.socket.terminate();
  });
}

const roles = ["events", "origins", "commands", "presence", "service"];

/** Each connection of the node to a broker knows that it is away. */
function missesAll(log: readonly Record<string, unknown>[]): boolean {
  const lost = log.filter(({ event }) => event === "broker-lost").map(({ role }) => role);
  return roles.every((role) => lost.includes(role));
}
