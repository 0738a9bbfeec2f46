import assert from "node:assert/strict";
import { after, test } from "node:test";
import { decode, encode } from "@msgpack/msgpack";
import { connectAsync } from "mqtt";
import { CloseCause, ErrorCode } from "../../../core/base/mod.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { handshakeText, RawClient } from "../../support/clients/raw-client.ts";
import { combinations, startGateway } from "../../support/gateway/gateway.ts";
import { hang, JwksServer, json } from "../../support/keys/jwks-server.ts";
import { createIssuer } from "../../support/keys/tokens.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { skipWithout } from "../../support/process/spawn.ts";
import { waitFor } from "../../support/process/wait.ts";

const skip = skipWithout("mosquitto");
type Running = Awaited<ReturnType<typeof startGateway>>;

async function ready({ info }: Running): Promise<{ status: number; reasons: string[] }> {
  const answer = await fetch(`http://127.0.0.1:${info.adminPort}/readyz`);
  return { status: answer.status, reasons: (await answer.json()).reasons };
}

async function handshakeStatus({ info }: Running): Promise<number> {
  const client = await RawClient.connect(info.port);
  client.write(handshakeText());
  const { statusCode } = await client.answer();
  client.destroy();
  return statusCode;
}

test("not ready while every handshake gets 503 for want of an origin", { skip }, async () => {
  await using broker = await Mosquitto.start();
  const flags = ["--broker", broker.url(), "--origin-mode", "assigned"];
  const asking = await startGateway({ flags: [...flags, "--authorize", "origin"] });
  assert.equal(await handshakeStatus(asking), 503);
  assert.deepEqual(await ready(asking), { status: 503, reasons: ["no origin"] });

  const patient = await startGateway({ flags: [...flags, "--origin-wait", "1h"] });
  assert.deepEqual(await ready(patient), { status: 200, reasons: [] });
  assert.equal(await handshakeStatus(patient), 101);
  // Without a client that has waited in vain.
  const waiting = await startGateway({ flags: [...flags, "--origin-wait", "200ms"] });
  await waitFor(async () => (await ready(waiting)).status === 503);
  assert.deepEqual(await ready(waiting), { status: 503, reasons: ["no origin"] });
  assert.equal(await handshakeStatus(waiting), 503);

  const origin = await PlainOrigin.connect(broker.url());
  const presence = { v: 1, incarnation: "i1", at: Date.now(), every: 60_000 };
  await origin.publishTo("presence/origins/shop-1", JSON.stringify(presence));
  for (const gateway of [asking, waiting]) {
    await waitFor(async () => (await ready(gateway)).status === 200);
  }
  await origin.end();
});

const nobody = { status: 503, reasons: ["no origin"] };
const isReady = { status: 200, reasons: [] };

test("open mode: not ready while the broker says that nobody authorises", { skip }, async () => {
  await using broker = await Mosquitto.start();
  const flags = ["--broker", broker.url(), "--authorize", "origin", "--authorize-timeout", "1m"];
  for (const partitions of ["1", "3"]) {
    const gateway = await startGateway({ flags: [...flags, "--partitions", partitions] });
    assert.deepEqual(await ready(gateway), isReady);
    // At once, and not when the time for an answer is over.
    assert.equal(await handshakeStatus(gateway), 503);
    await waitFor(async () => (await ready(gateway)).status === 503);
    assert.deepEqual(await ready(gateway), nobody);
    // It comes in the middle of a stream, as any plain subscriber may.
    const origin = await connectAsync(broker.url(), {
      protocolVersion: 4,
      timerVariant: "native",
    });
    const batches: unknown[][] = [];
    origin.on("message", (_topic, payload) => void batches.push(decode(payload) as unknown[]));
    await origin.subscribeAsync("wss/v1/default/events/#", { qos: 1 });
    // A load balancer sends nobody now: it is the node that asks.
    await waitFor(async () => (await ready(gateway)).status === 200);
    const client = await RawClient.connect(gateway.info.port);
    client.write(handshakeText());
    const asked = await waitFor(() => batches.find(([first]) => first === 1), { what: "connect" });
    const [[verb, id]] = asked[3] as [[string, string]];
    assert.equal(verb, "connect");
    const commands = `wss/v1/default/nodes/${gateway.info.node}/commands/tester`;
    await origin.publishAsync(commands, Buffer.from(encode([["accept", id]])), { qos: 1 });
    assert.equal((await client.answer()).statusCode, 101);
    client.destroy();
    // What the node asked with: as it asks for an origin that the broker had refused.
    const bare = batches.filter(([first]) => first !== 1);
    assert.ok(bare.length > 0);
    for (const batch of bare) assert.deepEqual(batch, [["alive", []]]);
    await origin.endAsync();
  }
});

test("MQTT 3.1.1 does not say that nobody is there: 504 in the end, and still ready", async () => {
  const flags = ["--broker", "embedded", "--broker-port", "0", "--authorize", "origin"];
  const gateway = await startGateway({ flags: [...flags, "--authorize-timeout", "300ms"] });
  assert.equal(await handshakeStatus(gateway), 504);
  assert.deepEqual(await ready(gateway), isReady);
});

test("a broker away for less than unready-after leaves a node ready", {
  skip,
}, async () => {
  await using broker = await Mosquitto.start();
  const patient = await startGateway({ flags: ["--broker", broker.url()] });
  const hasty = await startGateway({
    flags: ["--broker", broker.url(), "--unready-after", "0ms"],
  });
  const some = await startGateway({ flags: ["--broker", broker.url(), "--unready-after", "1s"] });
  const client = await RawClient.open(patient.info.port);
  await broker.kill();
  for (const gateway of [patient, hasty, some]) await gateway.event("broker-lost");
  for (const gateway of [hasty, some]) {
    await waitFor(async () => (await ready(gateway)).reasons.length === 2);
  }
  assert.deepEqual(await ready(patient), { status: 200, reasons: [] });
  assert.equal(await handshakeStatus(patient), 101);
  client.send({ opcode: 9, payload: "held" });
  assert.equal((await client.frame()).payload.toString(), "held");
  await broker.restart();
  for (const gateway of [hasty, some]) {
    await waitFor(async () => (await ready(gateway)).status === 200);
  }
  client.destroy();
});

for (const { runtime, engine } of combinations) {
  test(`a full node is not ready until there is room, on ${runtime}, ${engine}`, async () => {
    const flags = ["--engine", engine, "--max-connections", "2"];
    const gateway = await startGateway({ runtime, flags });
    const first = await RawClient.open(gateway.info.port);
    assert.deepEqual(await ready(gateway), isReady);
    const second = await RawClient.open(gateway.info.port);
    const reasons = ["max-connections reached"];
    assert.deepEqual(await ready(gateway), { status: 503, reasons });
    assert.equal(await handshakeStatus(gateway), 503);
    first.destroy();
    await waitFor(async () => (await ready(gateway)).status === 200);
    second.destroy();
  });
}

test("not ready while no key is known that could verify a token", async () => {
  const { jwk } = await createIssuer("ES256", "k");
  const server = await JwksServer.start(hang);
  after(() => server.stop());
  const flags = ["--authorize", "jwt", "--jwt-jwks", server.url];
  const gateway = await startGateway({ flags });
  assert.deepEqual(await ready(gateway), { status: 503, reasons: ["no keys to verify tokens"] });
  server.answer = json({ keys: [jwk] });
  const late = await startGateway({ flags });
  await waitFor(async () => (await ready(late)).status === 200);
});

for (const { runtime, engine } of combinations) {
  test(`every series is there from the start, with 0, on ${runtime}, ${engine}`, async () => {
    const gateway = await startGateway({ runtime, flags: ["--engine", engine] });
    const url = `http://127.0.0.1:${gateway.info.adminPort}/metrics`;
    const text = await (await fetch(url)).text();
    for (const code of Object.keys(ErrorCode)) {
      assert.ok(text.includes(`\nwss_errors_total{code="${code}"} 0\n`), code);
    }
    for (const cause of Object.values(CloseCause)) {
      assert.ok(text.includes(`\nwss_connections_closed_total{cause="${cause}"} 0\n`), cause);
    }
    // A declared family without a series would be one that increase() misses.
    for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      // A process has used CPU time, and the link has published, by then.
      const value = type === "counter" && name !== "process_cpu_seconds_total" ? "0" : "\\S+";
      const part = type === "histogram" ? "_count" : "";
      assert.match(text, new RegExp(`^${name}${part}(\\{.*\\})? ${value}$`, "m"), name);
    }
  });
}
