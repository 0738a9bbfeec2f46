import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { Mosquitto } from "../support/broker/mosquitto.ts";
import { type BenchProcess, type Contestant, gateway } from "./measure/processes.ts";

const connections = 10_000;
/** Handshakes under way at a time: below any listen backlog. */
const batch = 100;

const settleMs = 500;

const request =
  "GET / HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.once("error", reject);
    socket.once("data", (data) => {
      if (data.toString("latin1").startsWith("HTTP/1.1 101")) resolve(socket);
      else reject(new Error(data.toString("latin1")));
    });
  });
}

/** 10,000 connections that say nothing. */
export async function openIdle(port: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < connections) {
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => open(port)))));
  }
  return sockets;
}

/**
 * Resident bytes after garbage collection, and after the allocator has given back to the system
 * what is free: some do that a moment later, so it is looked at until it falls no more.
 */
async function collectedBytes(server: BenchProcess): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let equal = 0; equal < 3; ) {
    server.signal("SIGUSR2");
    await server.event("collected");
    await setTimeout(settleMs);
    const bytes = server.residentBytes();
    equal = bytes < least * 0.998 ? 0 : equal + 1;
    least = Math.min(least, bytes);
  }
  return least;
}

/** Resident memory of a gateway for each of 10,000 idle connections, after garbage collection. */
export async function idleBench(
  contestants: readonly Contestant[],
  print: (line: string) => void,
): Promise<void> {
  for (const contestant of contestants) {
    await using broker = await Mosquitto.start();
    const server = gateway(contestant, broker.url());
    const sockets: Socket[] = [];
    try {
      const port = Number((await server.event("started")).port);
      const collected = (): Promise<number> => collectedBytes(server);
      // Warm: what the first handshakes load and compile is no cost of a connection.
      const warm = await Promise.all(Array.from({ length: batch }, () => open(port)));
      const before = await collected();
      sockets.push(...(await openIdle(port)));
      const bytes = ((await collected()) - before) / connections;
      const { runtime, engine } = contestant;
      print(
        `idle, ${connections} connections, ${runtime} ${engine}: ${bytes.toFixed(0)} bytes each`,
      );
      sockets.push(...warm);
    } finally {
      for (const socket of sockets) socket.destroy();
      await server.end();
    }
  }
}
