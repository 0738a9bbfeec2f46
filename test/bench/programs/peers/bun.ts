/**
 * A peer of the benches: Bun's own server, nothing else. Arguments: `echo`, `count`, or the
 * broker's URL: then what is published goes to everybody in a loop over `send`, or with a second
 * argument `publish` by Bun's own `publish`.
 */
import process from "node:process";
import { type ServerWebSocket, serve } from "bun";
import { collectOnSignal } from "../parts/collect.ts";
import { counter, started } from "../parts/counts.ts";
import { published } from "../parts/published.ts";

const [, , role = "echo", way] = process.argv;
collectOnSignal(() => Bun.gc(true));
const sockets = new Set<ServerWebSocket<undefined>>();
const count = role === "count" ? counter() : () => {};
const isFanOut = role !== "echo" && role !== "count";
const server = serve<undefined>({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, self) =>
    self.upgrade(request, { data: undefined }) ? undefined : new Response("", { status: 426 }),
  websocket: {
    perMessageDeflate: false,
    open: (socket) => {
      if (way === "publish") socket.subscribe("all");
      else if (isFanOut) sockets.add(socket);
    },
    message: role === "echo" ? (socket, data) => void socket.send(data) : count,
  },
});
if (isFanOut) {
  await published(role, (text) => {
    if (way === "publish") server.publish("all", text);
    for (const socket of sockets) socket.send(text);
  });
}
started(server.port!);
