import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { decode, encode } from "@msgpack/msgpack";
import { connectAsync } from "mqtt";
import { connectOrigin } from "websocket-service/origin";
import { WebSocket } from "ws";
import { MqttEventChannel, MqttLink } from "../../../adapters/mqtt/mod.ts";
import type { ServiceError } from "../../../core/base/mod.ts";
import { type NumberedBatch, ReliableSender } from "../../../core/streams/mod.ts";
import { readCommands } from "../../support/broker/acks.ts";
import { brokerPorts, plainClient, testPorts } from "../../support/broker/broker-rigs.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { startGateway } from "../../support/gateway/gateway.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

const items = 6_000;
const textOf = (index: number): string => `${index} ${"x".repeat(1_000)}`;
const texts = Array.from({ length: items }, (_, index) => textOf(index));

/** mosquitto with the limits that it has by default, and how many messages it has dropped. */
async function usualBroker(): Promise<{ broker: Mosquitto; dropped: () => number }> {
  const config = ["max_inflight_messages 20", "max_queued_messages 1000", "sys_interval 1"];
  const broker = await Mosquitto.start({ config });
  let dropped = 0;
  const counter = "$SYS/broker/publish/messages/dropped";
  const client = await plainClient(broker.port, [counter], (_topic, payload) => {
    dropped = Number(new TextDecoder().decode(payload));
  });
  after(async () => {
    await client.stop();
    await broker[Symbol.asyncDispose]();
  });
  return { broker, dropped: () => dropped };
}

async function proxyTo(broker: Mosquitto): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(broker.port);
  after(() => proxy.close());
  return proxy;
}

/** A node's numbered stream to an origin, without the node. */
class Stream {
  readonly sender: ReliableSender<NumberedBatch>;
  readonly #channel: MqttEventChannel;
  #next = 0;

  constructor(url: string) {
    const ports = testPorts();
    this.#channel = new MqttEventChannel({ apps: ["default"], node: "n1" }, brokerPorts({ url }));
    const destination = { app: "default", origin: "o1" };
    this.sender = new ReliableSender(
      ports.clock,
      {
        take: () => undefined,
        publish: ({ payload }, answered, atMostOnce) =>
          atMostOnce
            ? this.#channel.publishAtMostOnce(destination, payload, answered)
            : this.#channel.publish(destination, payload, answered),
        progressed: () => {},
      },
      "receiver",
    );
  }

  start(): Promise<void> {
    const connected = (up: boolean): void => this.sender.connected(up);
    return this.#channel.start({ connected, origin: () => {} });
  }

  stop(): Promise<void> {
    return this.#channel.stop();
  }

  add(item: readonly unknown[]): void {
    const first = this.#next++;
    const payload = new Uint8Array(encode([1, "n1:i:o1:1", first, [item]]));
    this.sender.add({ first, count: 1, payload });
    this.sender.pump();
  }
}

test("an origin that stalls misses what the broker drops, and gets it again", async () => {
  const { broker, dropped } = await usualBroker();
  const proxy = await proxyTo(broker);
  const stream = new Stream(broker.url());
  await stream.start();
  const commands = await plainClient(
    broker.port,
    ["wss/v1/default/nodes/n1/commands/o1"],
    (_topic, payload) => {
      for (const [verb, , count, received] of readCommands(payload)) {
        if (verb !== "ack") continue;
        stream.sender.acknowledge(Number(count), received as number | undefined);
      }
    },
  );
  const origin = await connectOrigin({ broker: proxy.url, name: "o1" });
  const received: string[] = [];
  origin.on("message", ({ data }) => void received.push(String(data)));
  const ticks = setInterval(() => stream.sender.probe(), 100);
  try {
    stream.add(["open", "n1.a", 0, {}]);
    await waitFor(() => stream.sender.acknowledged === 1, { what: "the first event" });
    proxy.stall(true);
    for (const [index, text] of texts.entries()) {
      stream.add(["message", "n1.a", index + 1, text]);
      if (index % 100 === 0) await setImmediate();
    }
    await waitFor(() => dropped() > 0, { what: "the broker to drop something" });
    proxy.stall(false);
    await waitFor(() => received.length >= items, { what: "all events" });
    assert.deepEqual(received, texts);
    await waitFor(() => stream.sender.idle, { what: "all to be confirmed" });
  } finally {
    clearInterval(ticks);
    proxy.stall(false);
    await Promise.all([stream.stop(), commands.stop(), origin.close()]);
  }
});

test("a node that stalls misses commands that the broker drops, and gets them again", async () => {
  const { broker, dropped } = await usualBroker();
  const proxy = await proxyTo(broker);
  const origin = await connectOrigin({ broker: broker.url() });
  const failures: string[] = [];
  origin.on("error", ({ error }) => void failures.push(error.message));
  const opened = new Promise<{ send(text: string): void }>((resolve) => {
    origin.on("open", ({ connection }) => resolve(connection));
  });
  const gateway = await startGateway({ flags: ["--broker", proxy.url] });
  const client = new WebSocket(`ws://127.0.0.1:${gateway.info.port}`);
  const received: string[] = [];
  client.on("message", (data) => void received.push(String(data)));
  try {
    const connection = await opened;
    connection.send("first");
    await waitFor(() => received.length === 1 && origin.queuedBytes === 0, { what: "the first" });
    proxy.stall(true);
    for (const text of texts) {
      connection.send(text);
      await setImmediate();
    }
    await waitFor(() => dropped() > 0, { what: "the broker to drop something" });
    assert.ok(origin.queuedBytes > 5_000_000, "it counts until the node confirms it");
    proxy.stall(false);
    await waitFor(() => received.length > items, { what: "all messages" });
    assert.deepEqual(received.slice(1), texts);
    await waitFor(() => origin.queuedBytes === 0, { what: "all to be confirmed" });
    assert.deepEqual(failures, []);
  } finally {
    proxy.stall(false);
    client.terminate();
    await origin.close();
  }
});

test("what is published at most once waits for a broker that does not read", async () => {
  const broker = await Mosquitto.start();
  const url = broker.url();
  const received: number[] = [];
  const subscriber = await plainClient(broker.port, ["t"], (_topic, payload) => {
    received.push(new DataView(payload.buffer, payload.byteOffset).getUint32(0));
  });
  const link = new MqttLink({ url, name: "x", role: "test", bounded: false }, testPorts());
  const connected: boolean[] = [];
  await link.start({ connected: (up) => void connected.push(up), message: () => {} });
  const answers: string[] = [];
  const publish = (index: number): void => {
    const payload = new Uint8Array(65_536);
    new DataView(payload.buffer).setUint32(0, index);
    link.publishAtMostOnce("t", payload, (error?: ServiceError) => {
      answers.push(`${index} ${error?.code ?? "sent"}`);
    });
  };
  const [total, unread] = [400, 2_000];
  const numbers = Array.from({ length: total }, (_, index) => index);
  try {
    broker.pause();
    for (const number of numbers) publish(number);
    assert.ok(answers.length < total / 2, `${answers.length} are answered`);
    broker.resume();
    await waitFor(() => answers.length === total, { what: "all answers" });
    assert.deepEqual(
      answers,
      numbers.map((number) => `${number} sent`),
    );
    await waitFor(() => received.length === total, { what: "all packets" });
    assert.deepEqual(received, numbers);
    broker.pause();
    answers.length = 0;
    // More than kernels take: with each that was read, they have made their buffers larger.
    for (let number = 0; number < unread; number++) publish(number);
    await broker.kill();
    await waitFor(() => connected.at(-1) === false, { what: "lost" });
    assert.equal(answers.length, unread, "each is answered before the loss is told");
    assert.equal(answers.at(-1), `${unread - 1} broker-lost`);
    publish(0);
    assert.equal(answers.at(-1), "0 broker-lost");
  } finally {
    broker.resume();
    await Promise.all([link.stop(), subscriber.stop()]);
    await broker[Symbol.asyncDispose]();
  }
});

/** What one kind of publish was sent with, in the order of sending. */
type Received = Map<string, number[]>;

function kindOf(topic: string, payload: Uint8Array): string {
  if (topic.includes("/presence/")) return "presence";
  const [first, , , items] = decode(payload) as [unknown, unknown, unknown, unknown[][]];
  const [verb] = typeof first === "number" ? (items[0] ?? []) : ((first ?? []) as unknown[]);
  const place = topic.includes("/origins/") ? "to an origin" : "";
  if (verb === "ack") return `ack ${place}`.trim();
  if (topic.includes("/commands/")) return topic.includes("/groups/") ? "group" : "command";
  return place === "" ? "open mode" : "event";
}

/** Ten messages there and back, and one to a group, seen by a client of its own at the broker. */
async function qosOnTheWire(mode: "assigned" | "open", qos: 0 | 1): Promise<Received> {
  const broker = await Mosquitto.start();
  after(() => broker[Symbol.asyncDispose]());
  const received: Received = new Map();
  const tap = await connectAsync(broker.url(), { protocolVersion: 4, timerVariant: "native" });
  after(() => tap.endAsync(true));
  tap.on("message", (topic, payload, { qos: sent, retain }) => {
    if (payload.byteLength < 2 || retain) return;
    const kind = kindOf(topic, payload);
    received.set(kind, [...(received.get(kind) ?? []), sent]);
  });
  await tap.subscribeAsync("wss/v1/default/#", { qos: 1 });
  const origin = await connectOrigin({ broker: broker.url(), mode, streamQos: qos });
  after(() => origin.close());
  origin.on("message", ({ connection, data }) => {
    connection.send(data);
    if (data === "9") origin.everyone().publish("to all");
  });
  const flags = ["--broker", broker.url(), "--stream-qos", String(qos), "--origin-mode", mode];
  const gateway = await startGateway({ flags });
  const client = new WebSocket(`ws://127.0.0.1:${gateway.info.port}`);
  after(() => client.terminate());
  const echoes: string[] = [];
  client.on("message", (data) => void echoes.push(String(data)));
  await new Promise((resolve) => client.once("open", resolve));
  for (let index = 0; index < 10; index++) {
    client.send(String(index));
    await waitFor(() => echoes.length > index, { what: `echo ${index}` });
    // Its acknowledgements are on their way.
    await waitFor(() => origin.queuedBytes === 0, { what: "the node's word" });
  }
  await waitFor(() => echoes.length === 11, { what: "the message to all" });
  // Acks wait for one another, and the first ones for the broker's answer to the first.
  const isSeen = (): boolean => {
    const acks = received.get("ack") ?? [];
    if (acks.length > 1 && acks.includes(qos)) return true;
    client.send("more");
    return false;
  };
  if (mode === "assigned") await waitFor(isSeen, { what: "acks", every: 100 });
  return received;
}

test("numbered streams and acks are at QoS 0 once the broker has let one through", async () => {
  const received = await qosOnTheWire("assigned", 0);
  for (const kind of ["event", "ack", "command"]) {
    const levels = received.get(kind) ?? [];
    // What is sent before the broker has answered the first one is at QoS 1 too.
    const first = levels.indexOf(0);
    assert.ok(first > 0, `${kind}: ${levels}`);
    assert.deepEqual(new Set(levels.slice(0, first)), new Set([1]), kind);
    assert.deepEqual(new Set(levels.slice(first)), new Set([0]), kind);
  }
  assert.deepEqual(new Set(received.get("ack to an origin")), new Set([0]));
  assert.deepEqual(new Set(received.get("presence")), new Set([1]));
  assert.deepEqual(new Set(received.get("group")), new Set([1]));
});

test("with a stream QoS of 1 everything is at QoS 1", async () => {
  const received = await qosOnTheWire("assigned", 1);
  assert.ok((received.get("event")?.length ?? 0) > 5 && received.get("ack") !== undefined);
  assert.deepEqual(new Set([...received.values()].flat()), new Set([1]));
});

test("open mode stays at QoS 1, but for the numbered commands that nodes confirm", async () => {
  const received = await qosOnTheWire("open", 0);
  for (const kind of ["open mode", "ack", "presence", "group"]) {
    assert.deepEqual(new Set(received.get(kind)), new Set([1]), kind);
  }
  assert.deepEqual(new Set(received.get("command")?.slice(1)), new Set([0]));
});
