/** A bare loop over `send` of `ws` on Node.js, told to by MQTT. Argument: the broker's URL. */
import type { AddressInfo } from "node:net";
import process from "node:process";
import { connectAsync } from "mqtt";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
await new Promise((resolve) => server.once("listening", resolve));
const client = await connectAsync(process.argv[2] as string, {
  protocolVersion: 4,
  timerVariant: "native",
});
client.on("message", (_topic, payload) => {
  const text = payload.toString();
  for (const socket of server.clients) socket.send(text);
});
await client.subscribeAsync("bench/fan-out", { qos: 1 });
const { port } = server.address() as AddressInfo;
process.stdout.write(`${JSON.stringify({ event: "started", port })}\n`);
