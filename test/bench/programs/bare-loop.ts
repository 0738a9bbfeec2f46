/**
 * What the broker alone costs: publish → subscribe → publish → subscribe at QoS 1, one message in
 * flight. Arguments: `ask` or `answer`, the broker's URL, seconds. `ask` prints one JSON line.
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { connectAsync } from "mqtt";

const [role, broker, seconds] = process.argv.slice(2) as [string, string, string];
const client = await connectAsync(broker, { protocolVersion: 4, timerVariant: "native" });
const payload = Buffer.alloc(64, "x");
const warmUpMs = 1_000;

if (role === "answer") {
  client.on("message", (_topic, message) => client.publish("bare/answer", message, { qos: 1 }));
  await client.subscribeAsync("bare/ask", { qos: 1 });
  process.stdout.write(`${JSON.stringify({ event: "started" })}\n`);
} else {
  const roundTrips: number[] = [];
  const start = performance.now();
  let sentAt = 0;
  const ask = (): void => {
    sentAt = performance.now();
    client.publish("bare/ask", payload, { qos: 1 });
  };
  client.on("message", () => {
    const now = performance.now();
    if (now - start > warmUpMs) roundTrips.push((now - sentAt) * 1_000);
    if (now - start < warmUpMs + Number(seconds) * 1_000) return ask();
    roundTrips.sort((a, b) => a - b);
    const p50 = roundTrips[Math.floor(roundTrips.length / 2)];
    process.stdout.write(`${JSON.stringify({ p50 })}\n`, () => process.exit(0));
  });
  await client.subscribeAsync("bare/answer", { qos: 1 });
  ask();
}
