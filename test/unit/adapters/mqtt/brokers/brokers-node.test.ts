import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BrokersCommandBus,
  BrokersEventChannel,
  brokerOf,
} from "../../../../../adapters/mqtt/brokers/mod.ts";
import type { CommandBus, OriginPresence } from "../../../../../core/ports/mod.ts";
import { brokerNames, fakeBrokers } from "../../../../support/broker/fake-link.ts";
import {
  ManualClock,
  MemoryBroker,
  MemoryCommandBus,
  MemoryEventChannel,
  MemoryMetrics,
} from "../../../../support/memory/mod.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** An origin, or a node, whose streams to and from `n1` this broker carries. */
function peerOn(broker: number): string {
  for (let number = 0; ; number++) {
    if (brokerOf(`default/nodes/n1/p${number}`, brokerNames) === broker) return `p${number}`;
  }
}

function channelRig() {
  const brokers = brokerNames.map(() => new MemoryBroker());
  const received: string[][] = brokers.map(() => []);
  for (const [index, broker] of brokers.entries()) {
    broker.onEvents(({ batch }) => received[index]!.push(new TextDecoder().decode(batch)));
  }
  const channels = brokers.map((broker) => new MemoryEventChannel(broker, "n1"));
  const clock = new ManualClock();
  const refused = (): void => {};
  const channel = new BrokersEventChannel(fakeBrokers(), channels, { node: "n1", clock, refused });
  const told: string[] = [];
  const started = channel.start({
    connected: (up) => void told.push(up ? "up" : "down"),
    origin: (_app, name, presence) => void told.push(`${name} ${presence?.incarnation ?? "gone"}`),
  });
  const publish = (origin: string, text: string): Promise<string | undefined> =>
    new Promise((resolve) =>
      channel.publish({ app: "default", origin }, bytes(text), (error) => resolve(error?.code)),
    );
  return { brokers, received, channels, channel, told, started, publish };
}

const presence: OriginPresence = { v: 1, incarnation: "i1", at: 1, every: 2_000 };

test("a channel over several brokers publishes each destination at one", async () => {
  const { channel, received, started, publish } = channelRig();
  await started;
  const destinations = [0, 1].map((broker) => ({ app: "default", origin: peerOn(broker) }));
  for (const destination of destinations) {
    assert.equal(channel.reaches(destination), true);
    assert.equal(await publish(destination.origin, destination.origin), undefined);
    const sent = new Promise((resolve) =>
      channel.publishAtMostOnce(destination, bytes("lost?"), resolve),
    );
    assert.equal(await sent, undefined);
  }
  assert.deepEqual(received, [
    [peerOn(0), "lost?"],
    [peerOn(1), "lost?"],
  ]);
});

test("what a broker has that is away is not reached, until it is diverted", async () => {
  const { brokers, channel, received, told, started, publish } = channelRig();
  await started;
  told.length = 0;
  brokers[1]!.up = false;
  const [there, away] = [0, 1].map((broker) => ({ app: "default", origin: peerOn(broker) }));
  assert.deepEqual(told, ["up"], "it is connected, and reaches others than before");
  assert.deepEqual([channel.reaches(there!), channel.reaches(away!)], [true, false]);
  assert.equal(await publish(away!.origin, "bare"), undefined, "nobody would repeat it");
  channel.divert();
  assert.equal(told.length, 2);
  assert.equal(channel.reaches(away!), true);
  assert.equal(await publish(away!.origin, "diverted"), undefined);
  assert.deepEqual(received[0], ["bare", "diverted"]);
  brokers[0]!.up = false;
  assert.equal(told.at(-1), "down");
  assert.equal(channel.reaches(there!), false);
  brokers[1]!.up = true;
  assert.equal(told.at(-1), "up");
  const before = told.length;
  brokers[0]!.up = true;
  assert.deepEqual(told.slice(before), ["up"], "it reaches others than before");
});

test("an origin that one broker has lost lives while another has it", async () => {
  const { channels, told, started } = channelRig();
  await started;
  told.length = 0;
  for (const channel of channels) channel.origin("default", "o1", presence);
  channels[0]!.origin("default", "o1", undefined);
  channels[1]!.origin("default", "o1", undefined);
  const presences = told.filter((line) => line !== "up");
  assert.deepEqual(presences, ["o1 i1", "o1 i1", "o1 gone"]);
});

function busRig() {
  const brokers = brokerNames.map(() => new MemoryBroker());
  const joins: string[] = [];
  const buses = brokers.map((broker, index): CommandBus => {
    const bus = new MemoryCommandBus(broker, { apps: ["default"], node: "n1" });
    const join = bus.joinGroup.bind(bus);
    bus.joinGroup = (app, group, done) => {
      joins.push(`${index} ${group}`);
      join(app, group, done);
    };
    return bus;
  });
  const metrics = new MemoryMetrics();
  const options = { node: "n1", clock: new ManualClock(), metrics, refused: () => {} };
  const bus = new BrokersCommandBus(fakeBrokers(), buses, options);
  const told: string[] = [];
  const started = bus.start({
    commands: (_source, payload) => void told.push(new TextDecoder().decode(payload)),
    message: () => {},
    refused: (code, topic) => void told.push(`${code} ${topic}`),
    lost: () => void told.push("lost"),
    connected: (up) => void told.push(up ? "up" : "down"),
    missingRights: (reasons) => void told.push(...reasons),
  });
  return { brokers, buses, bus, metrics, told, started, joins };
}

test("a node is connected while one broker is there, and its metrics say which are", async () => {
  const { brokers, metrics, told, started } = busRig();
  await started;
  const up = (): (number | undefined)[] =>
    brokerNames.map((broker) => metrics.value("wss_broker_up", { broker }));
  assert.deepEqual(up(), [1, 1]);
  brokers[0]!.up = false;
  assert.deepEqual(up(), [0, 1]);
  brokers[1]!.up = false;
  brokers[0]!.up = true;
  assert.deepEqual(told, ["up", "down", "up"]);
});

test("what a node forwards goes by another broker if its own is away", async () => {
  const { brokers, bus, started, told } = busRig();
  await started;
  const seen: string[] = [];
  for (const [index, broker] of brokers.entries()) {
    const node = new MemoryCommandBus(broker, { apps: ["default"], node: peerOn(1) });
    await node.start({
      commands: (_source, payload) =>
        void seen.push(`${index} ${new TextDecoder().decode(payload)}`),
      message: () => {},
      refused: () => {},
      lost: () => {},
      connected: () => {},
    });
  }
  const forward = async (text: string): Promise<void> => {
    bus.forward("default", peerOn(1), bytes(text));
    await new Promise(setImmediate);
  };
  // The key of a command from n1 to another node names the receiver first.
  const own = brokerOf(`default/nodes/${peerOn(1)}/n1`, brokerNames);
  await forward("[1]");
  brokers[own]!.up = false;
  await forward("[2]");
  assert.deepEqual(seen, [`${own} [1]`, `${1 - own} [2]`]);
  assert.equal(told.includes("lost"), false);
});

test("a node joins a group at every broker", async () => {
  const { bus, joins, started } = busRig();
  await started;
  const error = await new Promise((resolve) => bus.joinGroup("default", "room", resolve));
  assert.equal(error, undefined);
  assert.deepEqual(joins, ["0 room", "1 room"]);
});

test("a group that a broker refuses when it comes back is told, and asked for again", async () => {
  const { brokers, bus, joins, started, told } = busRig();
  await started;
  const [, late] = brokers;
  late!.up = false;
  late!.refusedGroups.add("default/room");
  const join = (group: string): Promise<unknown> =>
    new Promise((resolve) => bus.joinGroup("default", group, resolve));
  assert.deepEqual(await Promise.all([join("room"), join("left")]), [undefined, undefined]);
  told.length = 0;
  // Who leaves before the broker is back is refused nothing.
  bus.leaveGroup("default", "left");
  late!.up = true;
  const refusal = "group-refused wss/v1/default/groups/room/# at mq-b:1883";
  assert.deepEqual(told, [refusal]);
  late!.up = false;
  late!.up = true;
  assert.deepEqual(told, [refusal, refusal], "once for each time that it comes back");
  joins.length = 0;
  late!.up = false;
  late!.refusedGroups.clear();
  late!.up = true;
  assert.deepEqual(joins, ["1 room"]);
  assert.deepEqual(told, [refusal, refusal], "granted");
  late!.up = false;
  assert.deepEqual(joins, ["1 room"], "it is not asked for what it has granted");
  await bus.stop();
});

test("an origin that has lost the broker of its streams is not reached", async () => {
  const { channels, channel, received, told, started, publish } = channelRig();
  await started;
  const origin = peerOn(1);
  const destination = { app: "default", origin };
  told.length = 0;
  channels[0]!.origin("default", origin, presence);
  assert.deepEqual(told, [`${origin} i1`, "up"]);
  assert.equal(channel.reaches(destination), false);
  channels[1]!.origin("default", origin, presence);
  assert.equal(channel.reaches(destination), true);
  channels[1]!.origin("default", origin, undefined);
  assert.deepEqual(told.slice(2), [`${origin} i1`, "up", "up"]);
  assert.equal(channel.reaches(destination), false);
  await publish(origin, "bare");
  channel.divert();
  assert.equal(channel.reaches(destination), true);
  await publish(origin, "diverted");
  assert.deepEqual(received, [["bare", "diverted"], []], "where it listens");
  channels[0]!.origin("default", origin, undefined);
  assert.equal(told.at(-2), `${origin} gone`);
});
