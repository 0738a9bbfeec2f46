/**
 * A peer of the benches: Socket.IO on Node, with WebSockets as its only transport. Argument:
 * `echo`, `count`, or the broker's URL: then what is published goes to a room that everybody is
 * in.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { Server } from "socket.io";
import { collectOnSignal } from "../parts/collect.ts";
import { counter, started } from "../parts/counts.ts";
import { published } from "../parts/published.ts";

const [, , role = "echo"] = process.argv;
collectOnSignal(() => (globalThis as { gc?: () => void }).gc?.());
const http = createServer();
// The load answers no pings.
const io = new Server(http, { transports: ["websocket"], pingInterval: 600_000 });
const count = role === "count" ? counter() : undefined;
io.on("connection", (socket) => {
  if (role === "echo") socket.on("m", (data) => socket.emit("m", data));
  else if (count !== undefined) socket.on("m", count);
  else void socket.join("all");
});
if (role !== "echo" && role !== "count") {
  await published(role, (text) => io.to("all").emit("m", text));
}
http.listen(0, "127.0.0.1", () => started((http.address() as AddressInfo).port));
