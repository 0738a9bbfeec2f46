/**
 * A peer of the benches: `ws` on Node, nothing else. Argument: `echo`, `count`, or the broker's
 * URL: then what is published goes to everybody in a loop over `send`.
 */
import type { AddressInfo } from "node:net";
import process from "node:process";
import { connectAsync } from "mqtt";
import { WebSocketServer } from "ws";
import { collectOnSignal } from "../parts/collect.ts";
import { counter, started } from "../parts/counts.ts";

const [, , role = "echo"] = process.argv;
collectOnSignal(() => (globalThis as { gc?: () => void }).gc?.());
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
if (role === "echo") {
  server.on("connection", (socket) => {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
} else if (role === "count") {
  const count = counter();
  server.on("connection", (socket) => socket.on("message", count));
} else {
  const client = await connectAsync(role, { protocolVersion: 4, timerVariant: "native" });
  client.on("message", (_topic, payload) => {
    const text = payload.toString();
    for (const socket of server.clients) socket.send(text);
  });
  await client.subscribeAsync("bench/fan-out", { qos: 1 });
}
if (server.address() === null) await new Promise((resolve) => server.once("listening", resolve));
started((server.address() as AddressInfo).port);
