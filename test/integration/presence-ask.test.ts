import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connectOrigin } from "websocket-service/origin";
import { startEmbeddedBroker } from "../../adapters/broker/mod.ts";
import { MqttCommandBus, Topics } from "../../adapters/mqtt/mod.ts";
import { ear } from "../conformance/cluster-rig.ts";
import { plainClient, type TestBroker, testPorts } from "../support/broker-rigs.ts";
import { waitFor } from "../support/wait.ts";

const topics = new Topics();
const app = "default";
let broker: TestBroker;

before(async () => {
  broker = await startEmbeddedBroker({ host: "127.0.0.1", port: 0 });
});
after(() => broker.close());

test("a node, and an origin, that is asked announces itself again", async () => {
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const bus = new MqttCommandBus({ url, version: "4", apps: [app], node: "n1" }, testPorts());
  await bus.start(ear().listener);
  const [runtime, version] = ["test", "0"];
  const often = {
    v: 1,
    incarnation: "i",
    at: 0,
    every: 1e6,
    connections: 7,
    runtime,
    version,
  } as const;
  bus.announce(app, often);
  // Its own heartbeat would come after 2 s: what comes before is the answer.
  const origin = await connectOrigin({ broker: url, name: "o1" });
  const heard: string[] = [];
  const newcomer = await plainClient(
    broker.port,
    [topics.nodePresence(app, "+"), topics.originPresence(app, "+")],
    (topic, payload, retained) => {
      if (!retained && payload.length > 0) heard.push(topic);
    },
  );
  await waitFor(() => heard.includes(topics.originPresence(app, "o1")), { what: "a heartbeat" });
  heard.length = 0;
  newcomer.publish(topics.presenceAsk(app, "newcomer"), new Uint8Array(0), () => {});
  await waitFor(() => heard[0], { what: "the first answer" });
  assert.equal(heard[0], topics.originPresence(app, "o1"), "it answers at once");
  await waitFor(() => heard.includes(topics.nodePresence(app, "n1")), { what: "the node's" });
  assert.equal(heard.filter((topic) => topic === topics.nodePresence(app, "n1")).length, 1);
  await Promise.all([newcomer.stop(), origin.close(), bus.stop()]);
});
