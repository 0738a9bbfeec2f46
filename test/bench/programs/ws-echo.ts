/** The contender of the echo bench: an in-process echo with `ws` on Node, nothing else. */
import process from "node:process";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
server.on("connection", (socket) => {
  socket.on("message", (data, binary) => socket.send(data, { binary }));
});
server.on("listening", () => {
  const address = server.address() as { port: number };
  process.stdout.write(`${JSON.stringify({ event: "started", port: address.port })}\n`);
});
