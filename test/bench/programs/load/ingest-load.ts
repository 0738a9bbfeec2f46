/**
 * The load of the ingest bench: clients that send as fast as they are read, and ignore what comes.
 * Argument: an `IngestLoad` as JSON. Ends by itself after its seconds.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import process from "node:process";
import { clientFrame, open, openMany, payloadOf, say, type Target } from "./wire.ts";

export interface IngestLoad extends Target {
  readonly connections: number;
  /** How long it sends. */
  readonly seconds: number;
}

const load = JSON.parse(process.argv[2] as string) as IngestLoad;
const messageBytes = 64;
const framesAtOnce = 32;

const frame = clientFrame(payloadOf(messageBytes, load.protocol));
const frames = Buffer.concat(Array.from({ length: framesAtOnce }, () => frame));

/** Until the stream is full: `write` says so at 16 KiB. */
function fill(socket: Socket): void {
  while (socket.write(frames));
}

const sockets = await openMany(load.connections, 64, () => open(load, () => {}));
say("sending");
for (const socket of sockets) {
  socket.on("drain", () => fill(socket));
  fill(socket);
}
setTimeout(() => process.exit(0), load.seconds * 1_000);
