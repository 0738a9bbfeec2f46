import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, test } from "node:test";
import { brokerLimits } from "../../../../adapters/embedded-broker/broker-limits.ts";
import { startEmbeddedBroker } from "../../../../adapters/embedded-broker/mod.ts";
import { PacketGuard } from "../../../../adapters/embedded-broker/packet-guard.ts";
import { MemoryLogger } from "../../../support/memory/mod.ts";
import { waitFor } from "../../../support/process/wait.ts";

/** A packet with that many bytes after its fixed header. */
function packet(length: number): Uint8Array {
  const header = [0x30];
  for (let rest = length; ; rest >>= 7) {
    header.push(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
    if (rest < 0x80) break;
  }
  const bytes = new Uint8Array(header.length + length).fill(0xff);
  bytes.set(header);
  return bytes;
}

function joined(...packets: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(packets.flatMap((one) => [...one]));
}

/** What a guard of 100 and 1,000 bytes says of a stream that comes in chunks of that size. */
function admits(stream: Uint8Array, chunkBytes: number): boolean {
  const guard = new PacketGuard({ firstBytesMax: 100, bytesMax: 1_000 });
  for (let at = 0; at < stream.length; at += chunkBytes) {
    if (!guard.admits(stream.subarray(at, at + chunkBytes))) return false;
  }
  return true;
}

const cases: readonly (readonly [what: string, stream: Uint8Array, admitted: boolean])[] = [
  ["packets up to the limits", joined(packet(98), packet(0), packet(127), packet(997)), true],
  ["a first packet above its limit", packet(99), false],
  ["a later packet above the limit", joined(packet(98), packet(0), packet(998)), false],
  ["many that are no longer than they may be", joined(...Array(50).fill(packet(90))), true],
  ["a length of five bytes", new Uint8Array([0x10, 0x80, 0x80, 0x80, 0x80, 0]), false],
  ["the longest length", new Uint8Array([0x10, 0xff, 0xff, 0xff, 0x7f]), false],
];

for (const [what, stream, admitted] of cases) {
  test(`the packets of a stream, however it is cut: ${what}`, () => {
    for (const chunkBytes of [1, 2, 3, 64, stream.length]) {
      assert.equal(admits(stream, chunkBytes), admitted, `in chunks of ${chunkBytes}`);
    }
  });
}

test("connections that have ended do not count against the limit", async () => {
  const logger = new MemoryLogger();
  const broker = await startEmbeddedBroker({ logger });
  after(() => broker.close());
  const open = (): Promise<number> =>
    new Promise((resolve) => broker.server.getConnections((_, count) => resolve(count)));
  for (let opened = 0; opened <= brokerLimits.connectionsMax; opened += 64) {
    const sockets = Array.from({ length: 64 }, () => connect(broker.port, "127.0.0.1"));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    await waitFor(async () => (await open()) === sockets.length, { what: "all of them" });
    for (const socket of sockets) socket.destroy();
    await waitFor(async () => (await open()) === 0, { what: "their end" });
  }
  assert.deepEqual(logger.records, []);
});
