import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { connectAsync } from "mqtt";
import { connectOrigin } from "../../../adapters/origin/mod.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { type GatewayProcess, type Started, startGateway } from "../../support/gateway/gateway.ts";
import { PlainOrigin } from "../../support/origins/plain-origin.ts";
import { waitFor } from "../../support/process/wait.ts";

let broker: Mosquitto;
let gateway: GatewayProcess & { readonly info: Started };
let plain: PlainOrigin;

before(async () => {
  broker = await Mosquitto.start();
  plain = await PlainOrigin.connect(broker.url());
  gateway = await startGateway({ flags: ["--broker", broker.url()], kept: true });
});

after(async () => {
  await gateway[Symbol.asyncDispose]();
  await plain.end();
  await broker[Symbol.asyncDispose]();
});

async function openClient(): Promise<RawClient> {
  const client = await RawClient.open(gateway.info.port);
  after(() => client.destroy());
  return client;
}

/** Far ahead of whatever the stream's own sender has reached. */
const ahead = 1_000_000_000;

test("a stream of the same name from another sender swallows no command", async () => {
  const client = await openClient();
  const [, id] = await plain.nextOf("open");
  const numbered = (sender: string, first: number, text: string): Promise<void> =>
    plain.publishTo(`commands/${sender}`, encode([1, "orders", first, [["send", id, text]]]));
  await numbered("shop", 0, "one");
  await numbered("mallory", ahead, "not mine");
  await numbered("shop", 1, "two");
  assert.equal(await client.nextText(), "one");
  assert.equal(await client.nextText(), "not mine");
  assert.equal(await client.nextText(), "two");
  const acks = [await plain.nextOf("ack"), await plain.nextOf("ack")];
  const senders = acks.map((ack) => ack.at(-1));
  assert.ok(senders.includes("shop") && senders.includes("mallory"), String(senders));
});

test("a numbered batch of a sender with an endless name is refused", async () => {
  const client = await openClient();
  const [, id] = await plain.nextOf("open");
  const long = "x".repeat(65);
  await plain.publishTo(`commands/${long}`, encode([1, "s", 0, [["send", id, "numbered"]]]));
  await plain.publishTo(`commands/${long}`, encode([["send", id, "bare"]]));
  assert.equal(await client.nextText(), "bare");
  const line = gateway.log.find(({ code }) => code === "batch-malformed");
  assert.match(String(line?.message), /64 characters at most/);
});

test("whoever guesses an origin's stream swallows none of its commands", async () => {
  const presences: string[] = [];
  const watcher = await connectAsync(broker.url(), { timerVariant: "native" });
  after(() => watcher.endAsync());
  watcher.on("message", (_topic, payload) => void presences.push(payload.toString()));
  await watcher.subscribeAsync("wss/v1/default/presence/origins/shop");
  const origin = await connectOrigin({ broker: broker.url(), name: "shop" });
  after(() => origin.close());
  const opened: string[] = [];
  origin.on("open", ({ connection }) => void opened.push(connection.id));
  const { incarnation } = JSON.parse(
    await waitFor(() => presences.find((text) => text !== ""), { what: "the presence" }),
  );
  await waitFor(() => gateway.log.some(({ event }) => event === "origin-joined"));
  const client = await openClient();
  const id = await waitFor(() => opened[0], { what: "the connection" });
  const { node } = gateway.info;
  const stream = `shop:${incarnation}:${node}:0`;
  const batch = encode([1, stream, ahead, [["send", id, "guessed"]]]);
  await plain.publishTo(`nodes/${node}/commands/mallory`, batch);
  assert.equal(await client.nextText(), "guessed");
  origin.send(id, "the origin's own");
  assert.equal(await client.nextText(), "the origin's own");
});
