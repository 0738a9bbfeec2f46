import assert from "node:assert/strict";
import { test } from "node:test";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { type GatewayProcess, spawnGateway, startGateway } from "../../support/gateway/gateway.ts";
import { BatchServer } from "../../support/http/batch-server.ts";
import { checkOrder, NumberedClient } from "../../support/http/talk.ts";
import { waitFor } from "../../support/process/wait.ts";

type BridgeOptions = Parameters<typeof spawnGateway>[0];

function bridge(
  broker: Mosquitto,
  origin: Pick<BatchServer, "url">,
  options: BridgeOptions = {},
): GatewayProcess {
  const flags = ["--broker", broker.url(), "--origin", origin.url, "--origin-format", "batch"];
  return spawnGateway({
    ...options,
    command: "bridge",
    flags: [...flags, ...(options.flags ?? [])],
  });
}

async function clientsOf(port: number, count: number): Promise<NumberedClient[]> {
  return Promise.all(Array.from({ length: count }, () => NumberedClient.open(port)));
}

/** Everybody says so much, and receives all of it. */
async function talk(clients: readonly NumberedClient[], messages: number): Promise<void> {
  for (let message = 0; message < messages; message++) for (const client of clients) client.say();
  await waitFor(() => clients.every(({ complete }) => complete), { deadline: 40_000 });
}

for (const runtime of ["bun", "deno", "node"] as const) {
  test(`a bridge on ${runtime} passes events on, and leaves with nothing lost`, async () => {
    await using broker = await Mosquitto.start();
    await using origin = await BatchServer.start();
    const gateway = await startGateway({
      flags: ["--broker", broker.url(), "--origin-mode", "assigned"],
    });
    const one = bridge(broker, origin, { runtime, flags: ["--origin-name", "one"] });
    const started = (await one.event("started")) as { origin?: string; adminPort?: number };
    assert.equal(started.origin, "one");
    await gateway.event("origin-joined");
    const ready = await fetch(`http://127.0.0.1:${started.adminPort}/readyz`);
    assert.equal(ready.status, 200);
    const clients = await clientsOf(gateway.info.port, 5);
    await talk(clients, 50);
    for (const client of clients) client.say();
    const exit = await one.stop();
    assert.deepEqual(exit, { code: 0, signal: null }, one.output);
    assert.equal(gateway.log.filter(({ event }) => event === "origin-left").length, 0);

    const two = bridge(broker, origin);
    await two.event("started");
    await talk(clients, 20);
    for (const [index, client] of clients.entries()) client.check(`client ${index}`);
    checkOrder(origin.items);
    for (const { client } of clients) client.destroy();
  });
}

test("a node dies: the HTTP origin is told that its connections are closed, once", async () => {
  await using broker = await Mosquitto.start();
  await using origin = await BatchServer.start();
  await bridge(broker, origin).event("started");
  const flags = ["--broker", broker.url(), "--origin-mode", "assigned"];
  const [dying, living] = [await startGateway({ flags }), await startGateway({ flags })];
  const lost = await clientsOf(dying.info.port, 5);
  const kept = await clientsOf(living.info.port, 5);
  await talk([...lost, ...kept], 5);
  dying.kill("SIGKILL");
  const closes = await waitFor(
    () => origin.itemsOf("close").length >= 5 && origin.itemsOf("close"),
  );
  assert.deepEqual(
    new Set(closes.map(([, , , code, , cause]) => `${code} ${cause}`)),
    new Set(["1006 node-lost"]),
  );
  const opened = origin.itemsOf("open").map(([, id]) => String(id));
  const ofDying = opened.filter((id) => id.startsWith(`${dying.info.node}.`));
  assert.deepEqual(new Set(closes.map(([, id]) => id)), new Set(ofDying));
  await talk(kept, 20);
  assert.equal(origin.itemsOf("close").length, 5);
  for (const { client } of [...lost, ...kept]) client.destroy();
});

/** Words after `bridge`, and what the line of the refusal says. */
const wrong: readonly (readonly [flags: readonly string[], text: RegExp])[] = [
  [["--broker", "mqtt://127.0.0.1:1"], /^bridge needs --origin/],
  [["--origin", "http://127.0.0.1:1/"], /^--broker none: bridge needs the URL/],
  [
    ["--origin", "http://127.0.0.1:1/", "--broker", "embedded"],
    /^--broker embedded: bridge needs the URL/,
  ],
  [["--origin", "ftp://x/", "--broker", "mqtt://127.0.0.1:1"], /^--origin: .* is not allowed/],
];

for (const [flags, text] of wrong) {
  test(`bridge ${flags.join(" ")}: wrong usage`, async () => {
    const program = spawnGateway({ command: "bridge", flags });
    assert.deepEqual(await program.exited, { code: 2, signal: null });
    assert.match(program.lines[0] ?? "", text);
  });
}

test("a bridge that the broker refuses ends with 1", async () => {
  await using broker = await Mosquitto.start({ users: { somebody: "a word" } });
  const program = spawnGateway({
    command: "bridge",
    flags: ["--broker", broker.url(), "--origin", "http://127.0.0.1:1/"],
  });
  assert.equal((await program.exited).code, 1);
  assert.equal(program.log.at(-1)?.code, "broker-refused");
});
