import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { decode } from "@msgpack/msgpack";
import { startEmbeddedBroker } from "../../../adapters/embedded-broker/mod.ts";
import { OriginControl } from "../../../adapters/origin/presence/origin-control.ts";
import { Topics } from "../../../adapters/topics/mod.ts";
import { brokerPorts, plainClient, type TestBroker } from "../../support/broker/broker-rigs.ts";
import { waitFor } from "../../support/process/wait.ts";

const topics = new Topics();
const app = "default";
let broker: TestBroker;

before(async () => {
  broker = await startEmbeddedBroker();
});
after(() => broker.close());

test("an origin says that it lives while it can receive events, and that it leaves", async () => {
  const received: string[] = [];
  const filters = [topics.originPresence(app, "o1"), topics.nodeCommands(app, "n1", "o1")];
  const node = await plainClient(broker.port, filters, (topic, payload) => {
    if (topic === filters[1]) received.push(JSON.stringify(decode(new Uint8Array(payload))));
    else if (payload.length === 0) received.push("gone");
    else received.push(JSON.parse(new TextDecoder().decode(payload)).leaving ? "leaves" : "lives");
  });
  let ready = false;
  const control = new OriginControl(
    { app, name: "o1", incarnation: "i1", topics },
    { window: 10, weight: 1 },
    () => ready,
    brokerPorts({ url: `mqtt://127.0.0.1:${broker.port}`, version: "4" }),
  );
  await control.start();
  control.begin();
  control.announce();
  control.acknowledge("n1", ["ack", "s", 1, 1]);
  await waitFor(() => received.length > 0, { what: "what was said after that" });
  assert.deepEqual(received, ['[["ack","s",1,1]]'], "it cannot receive events: it is not there");
  ready = true;
  control.announce();
  await waitFor(() => received.length === 2, { what: "its presence" });
  assert.equal(received[1], "lives");
  // Confirmations wait for one another, and not for a heartbeat.
  for (const count of [2, 3, 4]) control.acknowledge("n1", ["ack", "s", count]);
  await waitFor(() => received.some((one) => one.includes("4")), { what: "the confirmation" });
  assert.deepEqual(received.slice(2), ['[["ack","s",4]]']);
  control.leave();
  await waitFor(() => received.includes("leaves"), { what: "that it leaves" });
  await control.stop();
  await waitFor(() => received.at(-1) === "gone", { what: "the end" });
  await node.stop();
});
