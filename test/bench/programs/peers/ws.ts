/**
 * A peer of the benches: `ws` on Node, nothing else. Argument: `echo`, `count`, or the broker's
 * URL: then what is published goes to everybody in a loop over `send`.
 */
import type { AddressInfo } from "node:net";
import process from "node:process";
import { WebSocketServer } from "ws";
import { collectOnSignal } from "../parts/collect.ts";
import { counter, started } from "../parts/counts.ts";
import { published } from "../parts/published.ts";

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
  await published(role, (text) => {
    for (const socket of server.clients) socket.send(text);
  });
}
if (server.address() === null) await new Promise((resolve) => server.once("listening", resolve));
started((server.address() as AddressInfo).port);
