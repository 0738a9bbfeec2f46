import { connectAsync } from "mqtt";

/** Hands on the texts that the bench publishes. */
export async function published(broker: string, deliver: (text: string) => void): Promise<void> {
  const client = await connectAsync(broker, { protocolVersion: 4, timerVariant: "native" });
  client.on("message", (_topic, payload) => deliver(payload.toString()));
  await client.subscribeAsync("bench/fan-out", { qos: 1 });
}
