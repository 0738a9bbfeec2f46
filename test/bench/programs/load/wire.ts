/** What the load programs put on the wire: handshakes, frames, and what opens a connection. */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { clientFrame as frameOf } from "../../../support/clients/raw-client-frames.ts";

export type Protocol = "websocket" | "socket.io";

export interface Target {
  readonly port: number;
  readonly protocol?: Protocol;
  /** `/` where undefined. */
  readonly path?: string;
  /** The client's own address: the kernel has 28,000 ports for each. */
  readonly from?: string | undefined;
}

export const opcodes = { text: 1, binary: 2 } as const;

/** What a client answers a ping without a payload with. RFC 6455, 5.5.3. */
const pong = frameOf({ opcode: 10 });

/** For clients that say nothing else: a server that pings would give them up. */
export function answerPing(chunk: Buffer, socket: Socket): void {
  if (chunk[0] === 0x89) socket.write(pong);
}

/** Ends the program: a bench whose load goes wrong has no figures. */
export function fail(reason: string): never {
  process.stderr.write(`load: ${reason}\n`);
  process.exit(1);
}

/** Writes one line of JSON for the bench. */
export function say(event: string, more: object = {}, written: () => void = () => {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...more })}\n`, written);
}

/** A frame as a server sends it. */
export const serverFrame = (payload: Buffer, opcode: number = opcodes.text): Buffer =>
  frameOf({ payload, opcode, masked: false });

/** A frame as a client sends it. */
export const clientFrame = (payload: Buffer, opcode: number = opcodes.text): Buffer =>
  frameOf({ payload, opcode });

/** The payload of a message that carries this many bytes of an application. */
export function payloadOf(bytes: number, protocol: Protocol = "websocket"): Buffer {
  const data = Buffer.alloc(bytes, "The quick brown fox jumps over the lazy dog. ");
  // An event of Socket.IO, named "m", with a string.
  return protocol === "websocket" ? data : Buffer.from(`42["m","${data}"]`);
}

const socketIoPath = "/socket.io/?EIO=4&transport=websocket";
const connectSocketIo = clientFrame(Buffer.from("40"));

/** The opening handshake. */
export function requestOf({ path, protocol }: Omit<Target, "port">): string {
  return (
    `GET ${protocol === "socket.io" ? socketIoPath : (path ?? "/")} HTTP/1.1\r\n` +
    "Host: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
  );
}

/**
 * Opens a connection, and what its protocol puts on top. Whatever comes later goes to `data`.
 * Ends the program if anything fails.
 */
export function open(
  target: Target,
  data: (chunk: Buffer, socket: Socket) => void,
): Promise<Socket> {
  return new Promise((resolve) => {
    const where = { port: target.port, host: "127.0.0.1", noDelay: true };
    const from = target.from === undefined ? {} : { localAddress: target.from };
    const socket = connect({ ...where, ...from });
    socket.on("error", (error) => fail(error.message));
    const openedAt = performance.now();
    socket.on("close", () => {
      const seconds = ((performance.now() - openedAt) / 1_000).toFixed(1);
      fail(`a connection was closed after ${seconds} s, ${isReady ? "open" : "not yet open"}`);
    });
    socket.on("connect", () => socket.write(requestOf(target)));
    let head = "";
    let isReady = false;
    const ready = (): void => {
      isReady = true;
      socket.off("data", opening);
      socket.on("data", (chunk) => data(chunk, socket));
      resolve(socket);
    };
    const opening = (chunk: Buffer): void => {
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!head.startsWith("HTTP/1.1 101")) fail(head.slice(0, 200));
      if (target.protocol !== "socket.io") ready();
      // Engine.IO opens by itself; Socket.IO then answers what asks for its name space.
      else if (/40\{"sid":"[^"]+"\}$/.test(head)) ready();
      else if (!asked && /0\{"sid".*\}$/.test(head)) {
        asked = true;
        socket.write(connectSocketIo);
      }
    };
    let asked = false;
    socket.on("data", opening);
  });
}

/** Opens `count` connections, at most `atOnce` handshakes at a time. */
export async function openMany(
  count: number,
  atOnce: number,
  one: (index: number) => Promise<Socket>,
): Promise<Socket[]> {
  const sockets: Socket[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      sockets[index] = await one(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return sockets;
}
