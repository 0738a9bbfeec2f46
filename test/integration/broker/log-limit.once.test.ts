import assert from "node:assert/strict";
import { after, test } from "node:test";
import { connectAsync } from "mqtt";
import { startGateway } from "../../support/gateway/gateway.ts";
import { waitFor } from "../../support/process/wait.ts";

test("what anybody publishes cannot fill the log through the adapters of MQTT", async () => {
  const gateway = await startGateway();
  const url = `mqtt://127.0.0.1:${gateway.info.brokerPort}`;
  const publisher = await connectAsync(url, { timerVariant: "native" });
  after(() => publisher.endAsync());
  const lines = 500;
  const topic = "wss/v1/default/presence/origins/shop";
  const all = Array.from({ length: lines }, () => publisher.publishAsync(topic, "?", { qos: 1 }));
  await Promise.all(all);
  const told = (): Record<string, unknown>[] =>
    gateway.log.filter(({ event }) => event === "presence-malformed");
  // A line stands for itself, or for all that were kept back.
  const faults = (): number => told().reduce((sum, { kept }) => sum + Number(kept ?? 1), 0);
  await waitFor(() => faults() === lines, { what: "the count of what was kept back" });
  assert.equal(told()[0]?.fault, "no JSON");
  assert.ok(told().length <= lines / 5, `${told().length} lines`);
});
