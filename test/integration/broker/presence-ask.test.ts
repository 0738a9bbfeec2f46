import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connectOrigin } from "websocket-service/origin";
import { startEmbeddedBroker } from "../../../adapters/embedded-broker/mod.ts";
import { MqttCommandBus, MqttEventChannel } from "../../../adapters/mqtt/mod.ts";
import { Topics } from "../../../adapters/topics/mod.ts";
import { recordingListener } from "../../conformance/command-bus-rig.ts";
import { brokerPorts, plainClient, type TestBroker } from "../../support/broker/broker-rigs.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

const topics = new Topics();
const app = "default";
const presence = {
  v: 1,
  incarnation: "i",
  at: 0,
  every: 1e6,
  connections: 7,
  runtime: "test",
  version: "0",
} as const;
let broker: TestBroker;

before(async () => {
  broker = await startEmbeddedBroker({ host: "127.0.0.1", port: 0 });
});
/** What a test has opened, to be closed where it fails too. */
const opened: { stop(): Promise<void> }[] = [];
after(async () => {
  await Promise.all(opened.map((one) => one.stop()));
  await broker.close();
});

test("a node, and an origin, that is asked announces itself again", async () => {
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const bus = new MqttCommandBus({ apps: [app], node: "n1" }, brokerPorts({ url, version: "4" }));
  opened.push(bus);
  await bus.start(recordingListener().listener);
  bus.announce(app, presence);
  const origin = await connectOrigin({ broker: url, name: "o1" });
  opened.push({ stop: () => origin.close() });
  const received: string[] = [];
  const newcomer = await plainClient(
    broker.port,
    [topics.nodePresence(app, "+"), topics.originPresence(app, "+")],
    (topic, payload, retained) => {
      if (!retained && payload.length > 0) received.push(topic);
    },
  );
  opened.push(newcomer);
  const answersOf = (topic: string): number => received.filter((one) => one === topic).length;
  const begun = Date.now();
  const questions = 20;
  for (let asked = 0; asked < questions; asked += 1) {
    newcomer.publish(topics.presenceAsk(app, "newcomer"), new Uint8Array(0), () => {});
  }
  // Heartbeats come besides, one in 2 s: they alone never become so many.
  const heartbeats = (): number => 2 + Math.floor((Date.now() - begun) / 2_000);
  const origins = topics.originPresence(app, "o1");
  await waitFor(() => answersOf(origins) >= questions / 2 + heartbeats(), {
    what: "answers besides the heartbeats",
  });
  // A node waits for a moment at random, and answers all of them once.
  await waitFor(() => answersOf(topics.nodePresence(app, "n1")) === 1, { what: "the node's" });
});

test("a node is not sent the presence of other nodes", async () => {
  const proxy = await TcpProxy.start(broker.port);
  opened.push({ stop: () => proxy.close() });
  let sent = "";
  proxy.fromTarget = (chunk) => {
    sent += chunk.toString("latin1");
  };
  const others: string[] = [];
  const anybody = await plainClient(
    broker.port,
    [topics.nodePresence(app, "b")],
    (_topic, payload) => others.push(new TextDecoder().decode(payload)),
  );
  const node = (name: string, url: string): MqttCommandBus => {
    const bus = new MqttCommandBus(
      { apps: [app], node: name },
      brokerPorts({ url, version: "4" }),
    );
    opened.push(bus);
    return bus;
  };
  opened.push(anybody);
  const a = node("a", proxy.url);
  const b = node("b", `mqtt://127.0.0.1:${broker.port}`);
  await Promise.all([
    a.start(recordingListener().listener),
    b.start(recordingListener().listener),
  ]);
  a.announce(app, presence);
  for (let connections = 1; connections <= 3; connections += 1) {
    b.announce(app, { ...presence, connections });
  }
  await waitFor(() => others.length === 3, { what: "the presences of b" });
  // What is published now comes behind them.
  anybody.publish(topics.presenceAsk(app, "marker"), new Uint8Array(0), () => {});
  await waitFor(() => sent.includes(topics.presenceAsk(app, "marker")), { what: "the marker" });
  assert.ok(sent.includes(topics.nodePresence(app, "a")), "it reads its own presence");
  assert.ok(!sent.includes(topics.nodePresence(app, "b")));
});

test("a node asks for presence where the broker sends no retained one of an origin", async () => {
  const asked: string[] = [];
  const [asks, presences] = [topics.presenceAsk("+", "+"), topics.originPresence("+", "+")];
  const anybody = await plainClient(broker.port, [asks, presences], (topic) => asked.push(topic));
  opened.push(anybody);
  const kept = topics.originPresence("known", "o1");
  const origin = { v: 1, incarnation: "i", at: 0, every: 1e6 };
  const payload = new TextEncoder().encode(JSON.stringify(origin));
  anybody.publish(kept, payload, () => {}, true);
  await waitFor(() => asked.includes(kept), { what: "the presence of o1" });
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const options = { node: "n1", apps: ["known", "unknown"] };
  const channel = new MqttEventChannel(options, brokerPorts({ url, version: "4" }));
  opened.push(channel);
  await channel.start({ connected: () => {}, origin: () => {} });
  await waitFor(() => asked.includes(topics.presenceAsk("unknown", "n1")), {
    what: "the question",
  });
  // They are asked in the order of the apps.
  assert.ok(!asked.includes(topics.presenceAsk("known", "n1")));
});
