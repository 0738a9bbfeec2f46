/**
 * The load of the echo benches, in a process of its own: raw TCP, prebuilt frames, every byte of
 * every answer compared. Argument: an `EchoLoad` as JSON. Prints one line when it begins to count,
 * and one with messages, seconds, its own CPU, and (one connection, one in flight) round trips
 * in µs.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import {
  clientFrame,
  fail,
  opcodes,
  open,
  openMany,
  type Protocol,
  payloadOf,
  say,
  serverFrame,
} from "./wire.ts";

export interface EchoLoad {
  readonly port: number;
  readonly protocol?: Protocol;
  readonly connections: number;
  readonly inFlight: number;
  readonly seconds: number;
  readonly warmUpMs?: number;
  /** At least: runtimes compile what is hot, and on a busy machine that takes long. */
  readonly warmUpMessages?: number;
  readonly messageBytes?: number;
  readonly kind?: "text" | "binary";
}

const load = JSON.parse(process.argv[2] as string) as EchoLoad;
const { connections, inFlight, protocol = "websocket" } = load;
/** A server that hangs ends the bench. */
const warmUpMsMax = 60_000;

const opcode = opcodes[load.kind ?? "text"];
const payload = payloadOf(load.messageBytes ?? 64, protocol);
const answer = serverFrame(payload, opcode);
const frame = clientFrame(payload, opcode);
const frames = Buffer.concat(Array.from({ length: inFlight }, () => frame));
/** Long enough to compare any chunk with, starting anywhere in an answer. */
const answersBytesMin = 131_072;
const answers = Buffer.concat(
  Array.from({ length: Math.ceil(answersBytesMin / answer.length) }, () => answer),
);

let counting = false;
let messages = 0;
let warmedUp = 0;
const roundTrips: number[] = [];
const sampleRoundTrips = connections === 1 && inFlight === 1;

class Client {
  #socket: Socket | undefined;
  /** Bytes of the answer under way. */
  #phase = 0;
  #sentAt = 0;

  async open(): Promise<Socket> {
    this.#socket = await open({ port: load.port, protocol }, (chunk) => this.#data(chunk));
    return this.#socket;
  }

  start(): void {
    this.#sentAt = performance.now();
    this.#socket?.write(frames);
  }

  #data(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      const length = Math.min(chunk.length - offset, answers.length - this.#phase);
      const end = offset + length;
      const same = answers.compare(chunk, offset, end, this.#phase, this.#phase + length);
      if (same !== 0) {
        fail(`a wrong answer: ${chunk.subarray(offset, offset + 80).toString("latin1")}`);
      }
      const done = Math.floor((this.#phase + length) / answer.length);
      this.#phase = (this.#phase + length) % answer.length;
      offset = end;
      if (done > 0) this.#answered(done);
    }
  }

  #answered(count: number): void {
    if (counting) messages += count;
    else warmedUp += count;
    if (sampleRoundTrips) {
      const now = performance.now();
      if (counting) roundTrips.push((now - this.#sentAt) * 1_000);
      this.#sentAt = now;
    }
    for (let left = count; left > 0; left -= inFlight) {
      const now = Math.min(left, inFlight);
      this.#socket?.write(now === inFlight ? frames : frames.subarray(0, now * frame.length));
    }
  }
}

const clients = Array.from({ length: connections }, () => new Client());
await openMany(connections, 64, (index) => clients[index]!.open());
for (const client of clients) client.start();

const begun = performance.now();
await delay(load.warmUpMs ?? 1_000);
while (warmedUp < (load.warmUpMessages ?? 0)) {
  if (performance.now() - begun > warmUpMsMax) fail(`only ${warmedUp} messages were answered`);
  await delay(10);
}
counting = true;
say("counting");
const start = performance.now();
const cpuBefore = process.cpuUsage();
await delay(load.seconds * 1_000);
const elapsed = (performance.now() - start) / 1_000;
const { user, system } = process.cpuUsage(cpuBefore);
const cpuSeconds = (user + system) / 1e6;
roundTrips.sort((a, b) => a - b);
const at = (part: number): number => roundTrips[Math.floor(roundTrips.length * part)] ?? 0;
const roundTripMicroseconds = { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
const counted = { messages, seconds: elapsed, cpuSeconds, roundTripMicroseconds };
say("counted", counted, () => process.exit(0));
