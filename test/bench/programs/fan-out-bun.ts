/** A bare loop over Bun's `ws.send`, told to by MQTT. Argument: the broker's URL. */
import process from "node:process";
import { type ServerWebSocket, serve } from "bun";
import { connectAsync } from "mqtt";

const sockets = new Set<ServerWebSocket<undefined>>();
const server = serve<undefined>({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, self) =>
    self.upgrade(request, { data: undefined }) ? undefined : new Response("", { status: 426 }),
  websocket: {
    perMessageDeflate: false,
    open: (socket) => void sockets.add(socket),
    message: () => {},
  },
});
const client = await connectAsync(process.argv[2] as string, {
  protocolVersion: 4,
  timerVariant: "native",
});
client.on("message", (_topic, payload) => {
  const text = payload.toString();
  for (const socket of sockets) socket.send(text);
});
await client.subscribeAsync("bench/fan-out", { qos: 1 });
process.stdout.write(`${JSON.stringify({ event: "started", port: server.port })}\n`);
