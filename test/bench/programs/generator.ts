/**
 * The load of the echo benches, in a process of its own: raw TCP, prebuilt frames, every byte of
 * every answer compared. Arguments: port, connections, messages in flight each, seconds,
 * messages of the warm-up at least (runtimes compile what is hot, and on a busy machine that
 * takes long), bytes of a message, and `binary` if it is no text. Prints one JSON line:
 * messages, seconds, those of its own processor, and (one connection, one in flight) round trips
 * in µs.
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

const [port, connections, inFlight, seconds, warmUpMessages = 0, messageBytes = 64] = process.argv
  .slice(2, 8)
  .map(Number) as [number, number, number, number, number?, number?];
const opcode = process.argv[8] === "binary" ? 2 : 1;
const warmUpMs = 1_000;
/** A server that hangs ends the bench. */
const warmUpMsMax = 60_000;

/** A frame's head without a mask. RFC 6455, 5.2. */
function headOf(maskBit: number): Buffer {
  if (messageBytes < 126) return Buffer.from([0x80 | opcode, maskBit | messageBytes]);
  const head = Buffer.alloc(messageBytes < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = maskBit | (messageBytes < 65_536 ? 126 : 127);
  if (messageBytes < 65_536) head.writeUInt16BE(messageBytes, 2);
  else head.writeBigUInt64BE(BigInt(messageBytes), 2);
  return head;
}

const payload = Buffer.alloc(messageBytes, "The quick brown fox jumps over the lazy dog. ");
const answer = Buffer.concat([headOf(0), payload]);
const mask = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
const masked = Buffer.from(payload.map((byte, index) => byte ^ (mask[index & 3] as number)));
const frame = Buffer.concat([headOf(0x80), mask, masked]);
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

function fail(reason: string): never {
  process.stderr.write(`generator: ${reason}\n`);
  process.exit(1);
}

class Client {
  readonly #socket: Socket;
  #upgraded = false;
  #head = "";
  /** Bytes of the answer under way. */
  #phase = 0;
  #sentAt = 0;

  constructor(upgraded: () => void) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("error", (error) => fail(error.message));
    this.#socket.on("close", () => fail("a connection was closed"));
    this.#socket.on("connect", () =>
      this.#socket.write(
        "GET / HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      ),
    );
    this.#socket.on("data", (chunk: Buffer) => {
      if (this.#upgraded) return this.#data(chunk);
      this.#head += chunk.toString("latin1");
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!this.#head.startsWith("HTTP/1.1 101")) fail(this.#head.slice(0, 100));
      this.#upgraded = true;
      upgraded();
    });
  }

  start(): void {
    this.#sentAt = performance.now();
    this.#socket.write(frames);
  }

  #data(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      const length = Math.min(chunk.length - offset, answers.length - this.#phase);
      const same = answers.compare(
        chunk,
        offset,
        offset + length,
        this.#phase,
        this.#phase + length,
      );
      if (same !== 0)
        fail(`a wrong answer: ${chunk.subarray(offset, offset + 80).toString("latin1")}`);
      const done = Math.floor((this.#phase + length) / answer.length);
      this.#phase = (this.#phase + length) % answer.length;
      offset += length;
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
      this.#socket.write(now === inFlight ? frames : frames.subarray(0, now * frame.length));
    }
  }
}

await new Promise<void>((resolve) => {
  let waiting = connections;
  const clients: Client[] = [];
  const upgraded = (): void => {
    if (--waiting > 0) return;
    for (const client of clients) client.start();
    resolve();
  };
  for (let index = 0; index < connections; index++) clients.push(new Client(upgraded));
});

const begun = performance.now();
await delay(warmUpMs);
while (warmedUp < warmUpMessages) {
  if (performance.now() - begun > warmUpMsMax) fail(`only ${warmedUp} messages were answered`);
  await delay(10);
}
counting = true;
process.stdout.write("counting\n");
const start = performance.now();
const cpuBefore = process.cpuUsage();
await delay(seconds * 1_000);
const elapsed = (performance.now() - start) / 1_000;
const { user, system } = process.cpuUsage(cpuBefore);
const cpuSeconds = (user + system) / 1e6;
roundTrips.sort((a, b) => a - b);
const at = (part: number): number => roundTrips[Math.floor(roundTrips.length * part)] ?? 0;
const quantiles = { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
const result = { messages, seconds: elapsed, cpuSeconds, roundTripMicroseconds: quantiles };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
