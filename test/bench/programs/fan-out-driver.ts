/**
 * The load of the fan-out bench, in a process of its own: the receiving sockets, and the publisher
 * that keeps some publishes under way. Argument: a `FanOutLoad` as JSON. Prints a JSON line when
 * it begins to count, and one with the deliveries and the seconds they took.
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { decode, encode } from "@msgpack/msgpack";
import { connectAsync, type MqttClient } from "mqtt";

/** How what is published reaches the connections. */
export type FanOutWay = "bare" | "everyone" | "group" | "ids" | "groups" | "group-topics";

export interface FanOutLoad {
  readonly port: number;
  readonly broker: string;
  readonly connections: number;
  readonly way: FanOutWay;
  /** Groups that the connections are spread over. */
  readonly groups: number;
  /** Rounds of one message to everybody that are under way at once. */
  readonly roundsInFlight: number;
  readonly seconds: number;
}

const load = JSON.parse(process.argv[2] as string) as FanOutLoad;
const text = "x".repeat(62);
const frameBytes = text.length + 2;
const warmUpMs = 1_500;
/** For the connections to be told of, and for the groups to be joined. */
const setUpMsMax = 60_000;
const root = "wss/v1/default";

function fail(reason: string): never {
  process.stderr.write(`fan-out: ${reason}\n`);
  process.exit(1);
}

let received = 0;
let onReceived = (): void => {};

function open(): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port: load.port, host: "127.0.0.1", noDelay: true });
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("a connection was closed"));
    socket.on("connect", () =>
      socket.write(
        "GET / HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      ),
    );
    let head = "";
    const upgrade = (chunk: Buffer): void => {
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      if (!head.startsWith("HTTP/1.1 101")) fail(head.slice(0, 100));
      socket.off("data", upgrade);
      socket.on("data", (bytes: Buffer) => {
        received += bytes.length;
        onReceived();
      });
      resolve(socket);
    };
    socket.on("data", upgrade);
  });
}

/** Ids of the connections, as their `open` events come. */
function idsOf(client: MqttClient): string[] {
  const ids: string[] = [];
  client.on("message", (_topic, payload) => {
    const [, , , items] = decode(payload) as [number, string, number, [string, string][]];
    for (const [verb, id] of items ?? []) if (verb === "open") ids.push(id);
  });
  return ids;
}

async function until(what: string, done: () => boolean): Promise<void> {
  const deadline = performance.now() + setUpMsMax;
  while (!done()) {
    if (performance.now() > deadline) fail(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function join(client: MqttClient, ids: readonly string[]): Promise<void> {
  const each = Math.ceil(ids.length / load.groups);
  let joined = 0;
  client.on("message", (_topic, payload) => {
    const [, , , items] = decode(payload) as [number, string, number, [string, unknown][]];
    for (const [verb, ref] of items ?? []) if (verb === "reply" && ref === "join") joined++;
  });
  for (let group = 0; group < load.groups; group++) {
    const members = ids.slice(group * each, (group + 1) * each);
    for (let from = 0; from < members.length; from += 1_000) {
      const some = members.slice(from, from + 1_000);
      const item = ["join", some, `g${group}`, { ref: "join" }];
      client.publish(`${root}/commands/bench`, Buffer.from(encode([item])), { qos: 1 });
    }
  }
  const replies = load.groups * Math.ceil(each / 1_000);
  await until("the joins", () => joined >= replies);
}

/** What publishes one message to everybody once. */
function publisher(client: MqttClient, ids: readonly string[]): () => void {
  const publish = (topic: string, payload: Uint8Array): void =>
    void client.publish(topic, Buffer.from(payload), { qos: 1 });
  const groups = Array.from({ length: load.groups }, (_, group) => `g${group}`);
  switch (load.way) {
    case "bare":
      return () => publish("bench/fan-out", Buffer.from(text));
    case "everyone": {
      const payload = encode([["publish", "@all", text]]);
      return () => publish(`${root}/commands/bench`, payload);
    }
    case "group":
    case "group-topics": {
      const topics = groups.map((name) => `${root}/groups/${name}/commands/bench`);
      const payloads = groups.map((name) => encode([["publish", name, text]]));
      return () => {
        for (const [index, topic] of topics.entries()) publish(topic, payloads[index]!);
      };
    }
    case "groups": {
      const payload = encode(groups.map((name) => ["publish", name, text]));
      return () => publish(`${root}/commands/bench`, payload);
    }
    case "ids": {
      const payload = encode([["send", ids, text]]);
      return () => publish(`${root}/commands/bench`, payload);
    }
  }
}

const options = { protocolVersion: 4, timerVariant: "native" } as const;
const client = await connectAsync(load.broker, options);
await client.subscribeAsync(`${root}/events/#`, { qos: 1 });
const ids = idsOf(client);
for (let opened = 0; opened < load.connections; opened += 100) {
  await Promise.all(Array.from({ length: Math.min(100, load.connections - opened) }, open));
}
if (load.way !== "bare") await until("the connections", () => ids.length === load.connections);
if (load.way.startsWith("group")) await join(client, ids);

const round = publisher(client, ids);
const roundBytes = load.connections * frameBytes;
let rounds = 0;
let start = performance.now();
let counting = false;
let before = 0;
onReceived = () => {
  while (received >= (rounds - load.roundsInFlight + 1) * roundBytes) {
    const now = performance.now();
    if (!counting && now - start > warmUpMs) {
      counting = true;
      start = now;
      before = received;
      process.stdout.write(`${JSON.stringify({ event: "counting" })}\n`);
    } else if (counting && now - start > load.seconds * 1_000) {
      const deliveries = (received - before) / frameBytes;
      const event = "counted";
      const line = JSON.stringify({ event, deliveries, seconds: (now - start) / 1_000 });
      process.stdout.write(`${line}\n`, () => process.exit(0));
      onReceived = () => {};
      return;
    }
    round();
    rounds++;
  }
};
onReceived();
