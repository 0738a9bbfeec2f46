/**
 * An echo at a fixed rate: messages are due at moments that no answer moves, and a latency counts
 * from the moment that its message was due. So what a slow answer holds up is counted too, which
 * is known as avoiding coordinated omission. Argument: a `PacedLoad` as JSON. It polls without a
 * rest, because timers are too coarse, so its own CPU means nothing. Prints a line when it begins
 * to count and one with the result.
 */
import type { Socket } from "node:net";
import process from "node:process";
import { build } from "hdr-histogram-js";
import {
  clientFrame,
  fail,
  open,
  openMany,
  type Protocol,
  payloadOf,
  say,
  serverFrame,
} from "./wire.ts";

export interface PacedLoad {
  /** One for each node; connections take them in turns. */
  readonly ports: readonly number[];
  readonly protocol?: Protocol;
  readonly connections: number;
  /** Messages a second, of all connections. */
  readonly rate: number;
  readonly seconds: number;
  readonly warmUpMs: number;
}

const load = JSON.parse(process.argv[2] as string) as PacedLoad;
const { connections, rate, protocol = "websocket" } = load;
const messageBytes = 64;
/** What is not answered by then will not be. */
const lastAnswerMsMax = 5_000;
/** Messages on their way: a server that cannot keep up ends the bench by this. */
const unansweredMax = rate * 10;
const microsecondsMax = 60_000_000;

const payload = payloadOf(messageBytes, protocol);
const frame = clientFrame(payload);
const answerBytes = serverFrame(payload).length;
const histogram = build({
  lowestDiscernibleValue: 1,
  highestTrackableValue: microsecondsMax,
  numberOfSignificantValueDigits: 3,
  useWebAssembly: false,
});
const late = build({ highestTrackableValue: microsecondsMax, useWebAssembly: false });

/** In ms since `start`: when it counts. */
let [countFrom, countTo] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
let answered = 0;

class Client {
  #socket: Socket | undefined;
  /** When the messages that are not answered were due, in order. */
  #due: number[] = [];
  #first = 0;
  #bytes = 0;

  async open(index: number): Promise<Socket> {
    const port = load.ports[index % load.ports.length]!;
    this.#socket = await open({ port, protocol }, (chunk) => this.#data(chunk.length));
    return this.#socket;
  }

  send(due: number): void {
    this.#due.push(due);
    this.#socket?.write(frame);
  }

  #data(bytes: number): void {
    this.#bytes += bytes;
    const now = performance.now() - start;
    for (; this.#bytes >= answerBytes; this.#bytes -= answerBytes) {
      const due = this.#due[this.#first++];
      if (due === undefined) fail("an answer that nothing was sent for");
      answered += 1;
      if (due < countFrom || due >= countTo) continue;
      histogram.recordValue(Math.min(microsecondsMax, Math.round((now - due) * 1_000)));
    }
    if (this.#first < 1_024) return;
    this.#due = this.#due.slice(this.#first);
    this.#first = 0;
  }
}

const clients = Array.from({ length: connections }, () => new Client());
await openMany(connections, 64, (index) => clients[index]!.open(index));

const start = performance.now();
const everyMs = 1_000 / rate;
countFrom = load.warmUpMs;
countTo = countFrom + load.seconds * 1_000;
let sent = 0;
let counting = false;

function poll(): void {
  const now = performance.now() - start;
  if (!counting && now >= countFrom) {
    counting = true;
    say("counting");
  }
  for (let due = sent * everyMs; due <= now && due < countTo; due = sent * everyMs) {
    clients[sent % connections]!.send(due);
    if (due >= countFrom) late.recordValue(Math.round((now - due) * 1_000));
    sent += 1;
  }
  if (sent - answered > unansweredMax) fail(`it cannot keep up with ${rate} messages a second`);
  if (now < countTo) setImmediate(poll);
  else finish();
}

/** CPU is read by the bench when it gets this line. */
function finish(): void {
  say("sent");
  const waiting = performance.now();
  const look = setInterval(() => {
    const unanswered = sent - answered;
    if (unanswered > 0 && performance.now() - waiting < lastAnswerMsMax) return;
    clearInterval(look);
    const at = (percentile: number): number => histogram.getValueAtPercentile(percentile);
    const percentiles = [50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99];
    const curve = percentiles.map((percentile) => [percentile, at(percentile)]);
    const { totalCount: messages, maxValue: max } = histogram;
    const late99 = late.getValueAtPercentile(99);
    const { seconds } = load;
    say("counted", { messages, seconds, curve, max, late99, unanswered }, () => process.exit(0));
  }, 10);
}

poll();
