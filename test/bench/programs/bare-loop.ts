/**
 * What the broker alone costs: publish → subscribe → publish → subscribe, one message in flight.
 * Arguments: `ask` or `answer`, `raw` or `mqtt`, the broker's URL, seconds. `raw` is QoS 0 on the
 * socket, without a library; `mqtt` is MQTT.js at QoS 1. `ask` prints one JSON line.
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect } from "node:net";
import process from "node:process";
import { connectAsync } from "mqtt";
import { generate } from "mqtt-packet";

const [role, kind, broker, seconds] = process.argv.slice(2) as [string, string, string, string];
const payload = Buffer.alloc(64, "x");
const warmUpMs = 1_000;
const topics = { ask: "bare/ask", answer: "bare/answer" } as const;
const [own, other] = role === "ask" ? [topics.ask, topics.answer] : [topics.answer, topics.ask];

/** Publishes to `own`, and calls `take` for each message of `other`. */
type Link = (take: () => void) => Promise<() => void>;

const withLibrary: Link = async (take) => {
  const client = await connectAsync(broker, { protocolVersion: 4, timerVariant: "native" });
  client.on("message", take);
  await client.subscribeAsync(other, { qos: 1 });
  return () => client.publish(own, payload, { qos: 1 });
};

/** All PUBLISH packets have one length, so nothing is parsed. */
const onSocket: Link = async (take) => {
  const { hostname, port } = new URL(broker);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, "connect");
  const said = {
    clientId: `bare-${role}`,
    clean: true,
    keepalive: 0,
    protocolVersion: 4,
  } as const;
  socket.write(generate({ cmd: "connect", ...said }));
  await once(socket, "data");
  const subscriptions = [{ topic: other, qos: 0 }] as const;
  socket.write(generate({ cmd: "subscribe", messageId: 1, subscriptions: [...subscriptions] }));
  await once(socket, "data");
  const packetOf = (topic: string): Buffer =>
    generate({ cmd: "publish", topic, payload, qos: 0, retain: false, dup: false });
  const packet = packetOf(own);
  const { length } = packetOf(other);
  let bytes = 0;
  socket.on("data", (chunk) => {
    for (bytes += chunk.length; bytes >= length; bytes -= length) take();
  });
  return () => socket.write(packet);
};

const link = kind === "raw" ? onSocket : withLibrary;

if (role === "answer") {
  const publish = await link(() => publish());
  process.stdout.write(`${JSON.stringify({ event: "started" })}\n`);
} else {
  const roundTrips: number[] = [];
  const start = performance.now();
  let sentAt = 0;
  const ask = (): void => {
    sentAt = performance.now();
    publish();
  };
  const publish = await link(() => {
    const now = performance.now();
    if (now - start > warmUpMs) roundTrips.push((now - sentAt) * 1_000);
    if (now - start < warmUpMs + Number(seconds) * 1_000) return ask();
    roundTrips.sort((a, b) => a - b);
    const p50 = roundTrips[Math.floor(roundTrips.length / 2)];
    process.stdout.write(`${JSON.stringify({ p50 })}\n`, () => process.exit(0));
  });
  ask();
}
