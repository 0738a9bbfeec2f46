import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { Aedes } from "aedes";
import { startEmbeddedBroker } from "../../../adapters/embedded-broker/mod.ts";
import { MqttCommandBus, MqttLink } from "../../../adapters/mqtt/mod.ts";
import { Topics } from "../../../adapters/topics/mod.ts";
import { bytes, recordingListener } from "../../conformance/command-bus-rig.ts";
import { brokerPorts, plainClient, testPorts } from "../../support/broker/broker-rigs.ts";
import { groupBinary, groupText } from "../../support/broker/group-topics.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import { TcpProxy } from "../../support/process/tcp-proxy.ts";
import { waitFor } from "../../support/process/wait.ts";

const app = "default";
const topics = new Topics();

interface PickyBroker {
  readonly url: string;
  /** Filters with this text in them are not granted. */
  refused: string;
  cut(): void;
  close(): Promise<void>;
}

/** A broker with rights, as operators give them. */
async function pickyBroker(): Promise<PickyBroker> {
  const broker = await Aedes.createBroker({
    authorizeSubscribe: (_client, subscription, answer) =>
      answer(null, subscription.topic.includes(picky.refused) ? null : subscription),
  });
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    broker.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  const picky: PickyBroker = {
    url: `mqtt://127.0.0.1:${port}`,
    refused: "secret",
    cut() {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    async close() {
      await new Promise<void>((resolve) => broker.close(resolve));
      picky.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return picky;
}

test("a group that the broker refuses is refused alone; the connection lives on", async () => {
  const broker = await pickyBroker();
  const ports = testPorts();
  const bus = new MqttCommandBus(
    { apps: [app], node: "a" },
    brokerPorts({ url: broker.url }, ports),
  );
  const received = recordingListener();
  await bus.start(received.listener);
  const answers: string[] = [];
  for (const group of ["one", "secret", "two"]) {
    bus.joinGroup(app, group, (error) => answers.push(`${group} ${error?.code ?? "joined"}`));
  }
  await waitFor(() => answers.length === 3, { what: "three answers" });
  assert.deepEqual(answers.sort(), ["one joined", "secret group-refused", "two joined"]);
  const link = new MqttLink({ url: broker.url, name: "x", role: "test" }, ports);
  await link.start({ connected: () => {}, message: () => {} });
  for (const group of ["secret", "one", "two"]) {
    link.publish(groupText(topics, app, group), bytes(group), () => {});
  }
  await waitFor(() => received.messages.length === 2, { what: "both messages" });
  assert.deepEqual(received.messages, ["default one 1 one", "default two 1 two"]);
  assert.deepEqual(received.connected, [true]);
  await Promise.all([link.stop(), bus.stop()]);
  await broker.close();
});

test("what a broker has retained for a group is not delivered", async () => {
  const broker = await startEmbeddedBroker();
  const anybody = await plainClient(broker.port);
  const sent: (string | undefined)[] = [];
  const retain = (topic: string): void =>
    anybody.publish(topic, bytes("[1]"), (error) => sent.push(error?.code), true);
  retain(groupText(topics, app, "room"));
  retain(topics.groupCommands(app, "room", "me"));
  await waitFor(() => sent.length === 2, { what: "kept" });
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const bus = new MqttCommandBus({ apps: [app], node: "a" }, brokerPorts({ url }));
  const received = recordingListener();
  await bus.start(received.listener);
  await new Promise<void>((resolve) => bus.joinGroup(app, "room", () => resolve()));
  // A retained publish is a message like any other for those who are there.
  retain(groupBinary(topics, app, "room"));
  await waitFor(() => received.messages.length > 0, { what: "the message" });
  assert.deepEqual(received.messages, ["default room 2 [1]"]);
  assert.deepEqual(received.commands, []);
  await Promise.all([bus.stop(), anybody.stop()]);
  await broker.close();
});

for (const [limit, config] of [
  ["no packet limit", []],
  ["a packet limit of 2000 bytes", ["max_packet_size 2000"]],
] as const) {
  test(`2,000 groups are joined, kept across a reconnect and left: ${limit}`, async () => {
    const broker = await Mosquitto.start({ config });
    const proxy = await TcpProxy.start(broker.port);
    const bus = new MqttCommandBus({ apps: [app], node: "a" }, brokerPorts({ url: proxy.url }));
    const received = recordingListener();
    await bus.start(received.listener);
    const names = Array.from({ length: 2_000 }, (_, index) => `@user/${index}`);
    await Promise.all(
      names.map(
        (group) =>
          new Promise<void>((resolve, reject) =>
            bus.joinGroup(app, group, (error) => (error ? reject(error) : resolve())),
          ),
      ),
    );
    proxy.cut();
    await waitFor(() => received.connected.length === 3, { what: "back" });
    const anybody = await plainClient(broker.port);
    for (const group of names) {
      anybody.publish(groupText(topics, app, group), bytes(group), () => {});
    }
    await waitFor(() => received.messages.length === names.length, { what: "all messages" });
    assert.equal(new Set(received.messages).size, names.length);
    for (const group of names) bus.leaveGroup(app, group);
    await new Promise<void>((resolve) => bus.joinGroup(app, "last", () => resolve()));
    anybody.publish(groupText(topics, app, names[7]!), bytes("no"), () => {});
    anybody.publish(groupText(topics, app, "last"), bytes("yes"), () => {});
    await waitFor(() => received.messages.length > names.length, { what: "the last" });
    assert.equal(received.messages.at(-1), "default last 1 yes");
    await Promise.all([bus.stop(), anybody.stop()]);
    await proxy.close();
    await broker[Symbol.asyncDispose]();
  });
}
