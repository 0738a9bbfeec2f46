import assert from "node:assert/strict";
import { after, test } from "node:test";
import { connectOrigin, type Origin, type OriginOptions } from "websocket-service/origin";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { bunProgram, Program } from "../../support/process/spawn.ts";
import { patience, waitFor } from "../../support/process/wait.ts";

interface Received {
  readonly origin: Origin;
  readonly events: string[];
}

async function listen(broker: Mosquitto, options: Partial<OriginOptions> = {}): Promise<Received> {
  const origin = await connectOrigin({ broker: broker.url(), ...options });
  after(() => origin.close());
  const events: string[] = [];
  origin.on("open", ({ connection }) => void events.push(`open ${connection.id}`));
  origin.on("message", ({ connection, data }) => void events.push(`${connection.id} ${data}`));
  origin.on("close", ({ connection, cause }) => void events.push(`${cause} ${connection.id}`));
  return { origin, events };
}

async function clients(port: number, count: number): Promise<RawClient[]> {
  const opened: RawClient[] = [];
  while (opened.length < count) opened.push(await RawClient.open(port));
  return opened;
}

test("origins share the connections out, and one that leaves hands them over", async () => {
  await using broker = await Mosquitto.start();
  const [one, two] = [await listen(broker), await listen(broker)];
  const gateway = await startGateway({ flags: ["--broker", broker.url()] });
  const opened = await clients(gateway.info.port, 40);
  const opens = (received: Received): number =>
    received.events.filter((e) => e.startsWith("open")).length;
  await waitFor(() => opens(one) + opens(two) === 40);
  assert.ok(opens(one) >= 8 && opens(two) >= 8, `${opens(one)} and ${opens(two)}`);
  for (const client of opened) client.text("before");
  const said = (received: Received, text: string): number =>
    received.events.filter((event) => event.endsWith(text)).length;
  await waitFor(() => said(one, "before") + said(two, "before") === 40);
  assert.equal(said(one, "before"), opens(one));
  await one.origin.close();
  for (const client of opened) client.text("after");
  await waitFor(() => said(two, "after") === 40);
  assert.equal(said(one, "after"), 0);
  assert.equal(said(two, "before") + said(one, "before"), 40, "nothing came twice");
  const left = gateway.log.filter((line) => line.event === "origin-left");
  assert.equal(left.length, 0, "a clean leave is no failover");
  for (const client of opened) client.destroy();
});

test("what a dead origin has not confirmed another one handles, in order", async () => {
  await using broker = await Mosquitto.start();
  const stuck = new Program(bunProgram, [
    "test/faults/cluster/origin-process.ts",
    broker.url(),
    "stuck",
    "-1",
  ]);
  after(() => stuck[Symbol.asyncDispose]());
  await stuck.line((line) => line.includes("started") || undefined, "its start");
  const gateway = await startGateway({ flags: ["--broker", broker.url()] });
  const [client] = await clients(gateway.info.port, 1);
  for (let index = 0; index < 10; index++) client!.text(`m${index}`);
  await stuck.line((line) => line.endsWith(" m0") || undefined, "the first message");
  const other = await listen(broker, { name: "other" });
  await waitFor(() => gateway.log.filter((l) => l.event === "origin-joined").length === 2);
  const killedAt = Date.now();
  stuck.kill("SIGKILL");
  const texts = (): string[] =>
    other.events.filter((event) => / m\d$/.test(event)).map((event) => event.slice(-2));
  await waitFor(() => texts().length === 10);
  // Without it three heartbeats have to be missed, 6 s.
  assert.ok(Date.now() - killedAt < 5_000 * patience(), "its Will is enough");
  assert.deepEqual(
    texts(),
    Array.from({ length: 10 }, (_, index) => `m${index}`),
  );
  client!.text("ma");
  await waitFor(() => other.events.at(-1)?.endsWith(" ma"));
  client!.destroy();
});

test("with no origin events wait, and the next one gets them all", async () => {
  await using broker = await Mosquitto.start();
  const flags = ["--broker", broker.url(), "--origin-mode", "assigned"];
  const gateway = await startGateway({ flags });
  const [client] = await clients(gateway.info.port, 1);
  for (let index = 0; index < 10; index++) client!.text(`m${index}`);
  const { events } = await listen(broker);
  await waitFor(() => events.length === 11);
  assert.match(events[0]!, /^open /);
  assert.match(events[10]!, / m9$/);
  client!.destroy();
});

test("without an origin connections are closed in the end, and new ones refused", async () => {
  await using broker = await Mosquitto.start();
  const flags = ["--broker", broker.url(), "--origin-mode", "assigned", "--origin-wait", "300ms"];
  const gateway = await startGateway({ flags });
  // It lives until the client is there, and handles nothing.
  const idle = await PlainOrigin.connect(broker.url());
  const presence = { v: 1, incarnation: "i1", at: Date.now(), every: 60_000 };
  await idle.publishTo("presence/origins/idle-1", JSON.stringify(presence));
  await waitFor(() => gateway.log.find(({ event }) => event === "origin-joined"));
  const [client] = await clients(gateway.info.port, 1);
  await idle.publishTo("presence/origins/idle-1", "");
  await idle.end();
  assert.equal((await client!.closeFrame())?.code, 1013);
  await assert.rejects(clients(gateway.info.port, 1), /handshake refused: 503/);
  const { events } = await listen(broker);
  await waitFor(() => events.length === 2);
  assert.match(events.join(), /^open .+,overload /);
  assert.equal((await clients(gateway.info.port, 1)).length, 1);
});
