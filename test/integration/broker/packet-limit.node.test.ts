import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { connectOrigin } from "websocket-service/origin";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import {
  type GatewayRuntime,
  gatewayRuntimes,
  startGateway,
} from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { waitFor } from "../../support/process/wait.ts";

const clientsMax = 300;
const saidEach = 10;
/** All that clients say at once is many packets, and so are the ids of 300 connections. */
const text = "x".repeat(1_000);

type Running = Awaited<ReturnType<typeof startGateway>>;

async function metrics(gateway: Running): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${gateway.info.adminPort}/metrics`)).text();
}

async function openAll(gateway: Running): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < clientsMax) {
    const opening = Array.from({ length: 50 }, () => RawClient.open(gateway.info.port));
    clients.push(...(await Promise.all(opening)));
  }
  return clients;
}

interface Received {
  readonly messages: () => number;
  readonly alive: () => number;
  /** Codes and causes of closed connections. */
  readonly closes: () => readonly string[];
}

/** What both modes are to show. */
async function talk(gateway: Running, received: Received): Promise<void> {
  const clients = await openAll(gateway);
  for (let index = 0; index < saidEach; index++) for (const client of clients) client.text(text);
  await waitFor(() => received.messages() === clientsMax * saidEach, { what: "all messages" });
  await waitFor(() => received.alive() >= clientsMax, { what: "alive of all connections" });
  const [large, other] = clients as [RawClient, RawClient];
  large.text("y".repeat(30_000));
  assert.equal((await large.closeFrame())?.code, 1009);
  large.destroy();
  await waitFor(() => received.closes().length === 1);
  assert.deepEqual(received.closes(), ["1009 limit"]);
  // A message below the limit that is larger than what remains of a batch.
  for (let index = 0; index < 10; index++) other.text("z".repeat(15_000));
  await waitFor(() => received.messages() === clientsMax * saidEach + 10, { what: "the rest" });
  const counters = await metrics(gateway);
  assert.match(counters, /^wss_errors_total\{code="message-too-big"\} 1$/m);
  assert.doesNotMatch(counters, /^wss_errors_total\{code="batch-too-big"\} [1-9]/m);
  assert.match(counters, /^wss_connections_closed_total\{cause="limit"\} 1$/m);
  for (const client of clients) client.destroy();
  await waitFor(() => received.closes().length === clientsMax, { what: "every close" });
}

const ways: readonly { runtime: GatewayRuntime; engine: string; json: boolean }[] = [
  { runtime: "bun", engine: "native", json: false },
  { runtime: "node", engine: "wasm", json: true },
];

describe("a broker with small packets", { concurrency: true }, () => {
  for (const { runtime, engine, json } of ways) {
    if (!gatewayRuntimes.includes(runtime)) continue;
    const format = json ? "json" : "msgpack";
    const way = `${runtime}, engine ${engine}, ${format}`;

    it(`gets no larger one in open mode: ${way}`, async () => {
      const broker = await Mosquitto.start({ config: ["max_packet_size 20000"] });
      after(() => broker[Symbol.asyncDispose]());
      const origin = await PlainOrigin.connect(broker.url());
      after(() => origin.end());
      const flags = ["--broker", broker.url(), "--origin-mode", "open", "--engine", engine];
      flags.push("--keep-alive-interval", "1s", "--event-format", format);
      const gateway = await startGateway({ runtime, flags });
      const of = (verb: string) => origin.events.filter(([first]) => first === verb);
      await talk(gateway, {
        messages: () => of("message").length,
        alive: () => new Set(of("alive").flatMap(([, ids]) => ids)).size,
        closes: () => of("close").map((event) => `${event[3]} ${event[5]}`),
      });
      assert.ok(origin.batches.every(({ payload }) => payload.length < 20_000));
    });

    it(`gets no larger one in assigned mode: ${way}`, async () => {
      const broker = await Mosquitto.start({ config: ["max_packet_size 20000"] });
      after(() => broker[Symbol.asyncDispose]());
      const origin = await connectOrigin({ broker: broker.url() });
      after(() => origin.close());
      let messages = 0;
      const alive = new Set<string>();
      const closes: string[] = [];
      origin.on("message", () => void messages++);
      origin.on("alive", ({ connections }) => {
        for (const { id } of connections) alive.add(id);
      });
      origin.on("close", ({ code, cause }) => void closes.push(`${code} ${cause}`));
      const flags = ["--broker", broker.url(), "--engine", engine, "--keep-alive-interval", "1s"];
      const gateway = await startGateway({ runtime, flags });
      await talk(gateway, {
        messages: () => messages,
        alive: () => alive.size,
        closes: () => closes,
      });
      await waitFor(async () => /^wss_event_window_bytes 0$/m.test(await metrics(gateway)), {
        what: "everything to be confirmed",
      });
    });
  }
});

describe("a broker that names no limit, and ends the connection past it", {
  concurrency: true,
}, () => {
  for (const mode of ["open", "assigned"] as const) {
    it(`stops nobody over one client's message: ${mode} mode`, async () => {
      const broker = await Mosquitto.start({ config: ["max_packet_size 20000"] });
      after(() => broker[Symbol.asyncDispose]());
      const received: string[] = [];
      const origin = await connectOrigin({ broker: broker.url(), mode });
      after(() => origin.close());
      origin.on("message", ({ data }) => void received.push(String(data)));
      const flags = ["--broker", broker.url(), "--mqtt-version", "4", "--origin-mode", mode];
      const gateway = await startGateway({ flags });
      const [large, other] = [
        await RawClient.open(gateway.info.port),
        await RawClient.open(gateway.info.port),
      ];
      other.text("before");
      await waitFor(() => received.length === 1);
      large.text("y".repeat(30_000));
      const line = await gateway.event("packet-limit");
      assert.deepEqual([line.level, line.code], ["error", "batch-too-big"]);
      other.text("after");
      await waitFor(() => received.length === 2, { what: "the other's message" });
      assert.deepEqual(received, ["before", "after"]);
      // In open mode the one batch is lost, and counted; the next such message is refused.
      if (mode === "open") large.text("y".repeat(30_000));
      assert.equal((await large.closeFrame())?.code, 1009);
      const counters = await metrics(gateway);
      assert.match(counters, /^wss_errors_total\{code="message-too-big"\} [1-9]/m);
      for (const client of [large, other]) client.destroy();
    });
  }
});
