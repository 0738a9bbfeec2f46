/**
 * The load of the fan-out bench, in a process of its own: the receiving sockets, and the publisher
 * that keeps some publishes under way. Argument: a `FanOutLoad` as JSON. Prints for each step a
 * JSON line when it begins to count, and one with the deliveries and the seconds they took.
 */
import { Buffer } from "node:buffer";
import { Agent, request } from "node:http";
import process from "node:process";
import { decode, encode } from "@msgpack/msgpack";
import { connectAsync, type MqttClient } from "mqtt";
import { fail, open, openMany, payloadOf, say, serverFrame, type Target } from "./wire.ts";

/** How what is published reaches the connections. */
export type FanOutWay = "bare" | "post" | "everyone" | "group" | "ids" | "groups" | "group-topics";

export interface FanOutStep {
  readonly way: FanOutWay;
  /** Groups that the connections are spread over. */
  readonly groups: number;
  /** Rounds of one message to everybody that are under way at once. */
  readonly roundsInFlight: number;
}

export interface FanOutLoad extends Target {
  /** Undefined where it is published by a POST. */
  readonly broker?: string;
  readonly connections: number;
  /** One after the other, with the same connections. */
  readonly steps: readonly FanOutStep[];
  readonly seconds: number;
  readonly warmUpMs: number;
}

const load = JSON.parse(process.argv[2] as string) as FanOutLoad;
const textBytes = 62;
const text = payloadOf(textBytes).toString();
const frameBytes = serverFrame(payloadOf(textBytes, load.protocol)).length;
/** For the connections to be told of, and for the groups to be joined. */
const setUpMsMax = 60_000;
/** A round that does not come ends the bench. */
const roundMsMax = 20_000;
const root = "wss/v1/default";

let received = 0;
let onReceived = (): void => {};

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

const groupName = (groups: number, index: number): string => `g${groups}-${index}`;

async function join(client: MqttClient, ids: readonly string[], groups: number): Promise<void> {
  const each = Math.ceil(ids.length / groups);
  let joined = 0;
  client.on("message", (_topic, payload) => {
    const [, , , items] = decode(payload) as [number, string, number, [string, unknown][]];
    for (const [verb, ref] of items ?? []) if (verb === "reply" && ref === "join") joined++;
  });
  for (let group = 0; group < groups; group++) {
    const members = ids.slice(group * each, (group + 1) * each);
    for (let from = 0; from < members.length; from += 1_000) {
      const some = members.slice(from, from + 1_000);
      const item = ["join", some, groupName(groups, group), { ref: "join" }];
      client.publish(`${root}/commands/bench`, Buffer.from(encode([item])), { qos: 1 });
    }
  }
  const replies = groups * Math.ceil(each / 1_000);
  await until("the joins", () => joined >= replies);
}

/** Publishes one message to all subscribers of nchan. */
function postTo(agent: Agent): void {
  const where = { host: "127.0.0.1", port: load.port, path: "/publish", method: "POST", agent };
  const post = request(where, (response) => response.resume());
  post.on("error", (error) => fail(error.message));
  post.end(text);
}

/** What publishes one message to everybody once. */
function publisher(
  client: MqttClient | undefined,
  ids: readonly string[],
  { way, groups }: FanOutStep,
): () => void {
  const publish = (topic: string, payload: Uint8Array): void =>
    void client?.publish(topic, Buffer.from(payload), { qos: 1 });
  const names = Array.from({ length: groups }, (_, group) => groupName(groups, group));
  switch (way) {
    case "post": {
      const agent = new Agent({ keepAlive: true, maxSockets: 8 });
      return () => postTo(agent);
    }
    case "bare":
      return () => publish("bench/fan-out", Buffer.from(text));
    case "everyone": {
      const payload = encode([["publish", "@all", text]]);
      return () => publish(`${root}/commands/bench`, payload);
    }
    case "group":
    case "group-topics": {
      const topics = names.map((name) => `${root}/groups/${name}/commands/bench`);
      const payloads = names.map((name) => encode([["publish", name, text]]));
      return () => {
        for (const [index, topic] of topics.entries()) publish(topic, payloads[index]!);
      };
    }
    case "groups": {
      const payload = encode(names.map((name) => ["publish", name, text]));
      return () => publish(`${root}/commands/bench`, payload);
    }
    case "ids": {
      const payload = encode([["send", ids, text]]);
      return () => publish(`${root}/commands/bench`, payload);
    }
  }
}

/** Keeps rounds under way until the time is over, and all have come. */
function run({ roundsInFlight }: FanOutStep, round: () => void): Promise<void> {
  const roundBytes = load.connections * frameBytes;
  let rounds = 0;
  let start = performance.now();
  let counting = false;
  let isOver = false;
  let before = 0;
  received = 0;
  return new Promise((resolve) => {
    let watch = setTimeout(() => {}, 0);
    const publish = (): void => {
      clearTimeout(watch);
      watch = setTimeout(() => fail("a round did not come"), roundMsMax);
      round();
      rounds++;
    };
    onReceived = () => {
      while (!isOver && received >= (rounds - roundsInFlight + 1) * roundBytes) {
        const now = performance.now();
        if (!counting && now - start > load.warmUpMs) {
          counting = true;
          start = now;
          before = received;
          say("counting");
        } else if (counting && now - start > load.seconds * 1_000) {
          isOver = true;
          const deliveries = (received - before) / frameBytes;
          say("counted", { deliveries, seconds: (now - start) / 1_000 });
          break;
        }
        publish();
      }
      if (!isOver || received < rounds * roundBytes) return;
      clearTimeout(watch);
      onReceived = () => {};
      resolve();
    };
    onReceived();
  });
}

const options = { protocolVersion: 4, timerVariant: "native" } as const;
const { broker } = load;
const client = broker === undefined ? undefined : await connectAsync(broker, options);
await client?.subscribeAsync(`${root}/events/#`, { qos: 1 });
const ids = client === undefined ? [] : idsOf(client);
await openMany(load.connections, 64, () =>
  open(load, (bytes) => {
    received += bytes.length;
    onReceived();
  }),
);
const isOurs = load.steps.some(({ way }) => way !== "bare" && way !== "post");
if (client !== undefined && isOurs) {
  await until("the connections", () => ids.length === load.connections);
  const named = load.steps.filter(({ way }) => way.startsWith("group"));
  for (const groups of new Set(named.map((step) => step.groups))) await join(client, ids, groups);
}
for (const step of load.steps) await run(step, publisher(client, ids, step));
process.exit(0);
