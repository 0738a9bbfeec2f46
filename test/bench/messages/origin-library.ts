/**
 * Nanoseconds per 64-byte message through the origin library, without a broker: a batch of events
 * in, a handler, a command out; beside the same done with @msgpack/msgpack alone.
 * Run: `bun test/bench/messages/origin-library.ts`, or on Node the built file of the same name.
 */
import process from "node:process";
import { decode, encode } from "@msgpack/msgpack";
import { Dispatcher } from "../../../adapters/origin/dispatch/dispatcher.ts";
import { EventReceiver } from "../../../adapters/origin/receive/event-receiver.ts";
import type { ConnectionSender } from "../../../adapters/origin/send/connection-sender.ts";
import { NodeSenders } from "../../../adapters/origin/send/node-senders.ts";
import { SendQueue } from "../../../adapters/origin/send/send-queue.ts";
import { type Link, Topics } from "../../../adapters/topics/mod.ts";

const messages = 256;
const rounds = 400;
const samples = 9;
const ids = Array.from({ length: 64 }, (_, i) => `node-a.${`${i}`.padStart(26, "abcdefgh")}`);
const text = "0123456789abcdef".repeat(4);
const items = (data: unknown): unknown[] =>
  Array.from({ length: messages }, (_, i) => ["message", ids[i % 64], i, data]);
const batches = {
  text: Buffer.from(encode(items(text))),
  binary: Buffer.from(encode(items(new TextEncoder().encode(text)))),
};

/** Median and spread of nanoseconds a message, after a warm-up. */
function measure(name: string, batch: () => void): number {
  const times: number[] = [];
  for (let sample = -3; sample < samples; sample++) {
    const start = performance.now();
    for (let round = 0; round < rounds; round++) batch();
    const ns = ((performance.now() - start) * 1e6) / (rounds * messages);
    if (sample >= 0) times.push(ns);
  }
  times.sort((a, b) => a - b);
  const median = times[samples >> 1]!;
  const range = `${times[0]!.toFixed(0)}–${times.at(-1)!.toFixed(0)}`;
  console.log(`${name.padEnd(34)} ${median.toFixed(0).padStart(5)} ns  (${range})`);
  return median;
}

// The broker takes each batch when it is asked for.
let payloads: Uint8Array[] = [];
const link = {
  up: true,
  publish: (_: string, payload: Uint8Array, done: () => void) => {
    payloads.push(payload);
    done();
  },
};
const clock = { now: Date.now, ticks: Date.now, after: () => () => {}, endOfTurn: () => {} };
const failed = (error: Error): never => {
  throw error;
};
const queue = new SendQueue(link as unknown as Link, clock, {
  json: false,
  bytesMax: 1e9,
  failed,
});
const identity = { app: "default", name: "bench", incarnation: "i", topics: new Topics() };
const nodes = new NodeSenders(identity, queue, () => false);
const commands = { node: (node: string) => nodes.node(node) } as unknown as ConnectionSender;
const dispatcher = new Dispatcher();
const nothing = (): void => {};
const receiver = new EventReceiver(clock, dispatcher, commands, {
  ackDue: nothing,
  replied: nothing,
  acknowledged: nothing,
  released: nothing,
  revived: nothing,
  connecting: () => undefined,
});
function taken(): number {
  void queue.flushed();
  const bytes = payloads.reduce((sum, { length }) => sum + length, 0);
  payloads = [];
  return bytes;
}
/** The same batch over and over: what tells repetitions apart is set back each time. */
function receive(payload: Uint8Array): void {
  for (const id of ids) receiver.connection(id).seq = -1;
  receiver.receive("t", "node-a", payload, false);
}

let handled = 0;
let echo = false;
dispatcher.on("message", ({ connection, data }) => {
  handled += data.length;
  if (echo) connection.send(data);
});

const runtime = process.versions.bun === undefined ? "node" : `bun ${process.versions.bun}`;
console.log(`origin library, ${messages} messages of 64 bytes a batch, ${runtime}`);
for (const [kind, payload] of Object.entries(batches)) {
  const data = kind === "text" ? text : new TextEncoder().encode(text);
  echo = false;
  const ours = measure(`in, ${kind}`, () => receive(payload));
  const byId = new Map<unknown, string>(ids.map((id) => [id, id]));
  const theirs = measure(`in, ${kind}, @msgpack/msgpack`, () => {
    for (const item of decode(payload) as [string, string, number, string][]) {
      if (item[0] === "message" && byId.has(item[1])) handled += item[3].length;
    }
  });
  const connections = ids.map((id) => receiver.connection(id));
  const out = measure(`out, ${kind}`, () => {
    for (let i = 0; i < messages; i++) connections[i % 64]!.send(data);
    handled += taken();
  });
  const theirsOut = measure(`out, ${kind}, @msgpack/msgpack`, () => {
    const commands: unknown[] = [];
    for (let i = 0; i < messages; i++) commands.push(["send", ids[i % 64], data]);
    handled += encode(commands).length;
  });
  echo = true;
  measure(`echo, ${kind}`, () => {
    receive(payload);
    handled += taken();
  });
  const ratio = (theirs + theirsOut) / (ours + out);
  console.log(`${kind}: ${ratio.toFixed(1)} times faster than the general codec`);
}
if (handled === 0) throw new Error("nothing was handled");
