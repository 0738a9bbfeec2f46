/** An origin that accepts whoever comes, as a plain MQTT client. Argument: the broker's URL. */
import { Buffer } from "node:buffer";
import process from "node:process";
import { decode, encode } from "@msgpack/msgpack";
import { connectAsync } from "mqtt";

const root = "wss/v1/default";
const client = await connectAsync(process.argv[2] as string, {
  protocolVersion: 4,
  timerVariant: "native",
});
client.on("message", (topic, payload) => {
  const [, , , items] = decode(payload) as [number, string, number, unknown[][]];
  const accepts = items.filter(([verb]) => verb === "connect").map(([, id]) => ["accept", id]);
  if (accepts.length === 0) return;
  const node = topic.slice(topic.lastIndexOf("/") + 1);
  const batch = Buffer.from(encode(accepts));
  client.publish(`${root}/nodes/${node}/commands/bench`, batch, { qos: 1 });
});
await client.subscribeAsync(`${root}/events/#`, { qos: 1 });
process.stdout.write(`${JSON.stringify({ event: "started" })}\n`);
