import { startEmbeddedBroker } from "../../../adapters/embedded-broker/mod.ts";
import type { CommandBus } from "../../../core/ports/mod.ts";
import { clusterBusConformance } from "../../conformance/cluster-bus.ts";
import type { ClusterRig, SeenPresence } from "../../conformance/cluster-rig.ts";
import {
  type ChannelRig,
  type HeardEvents,
  originChannelConformance,
} from "../../conformance/origin-channel.ts";
import type { TestBroker } from "../../support/broker/broker-rigs.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import {
  brokerWorld,
  inProcessWorld,
  topicChannelRig,
  topicClusterRig,
} from "../../support/broker/topic-rigs.ts";
import { MemoryBroker, MemoryCommandBus, MemoryEventChannel } from "../../support/memory/mod.ts";

function memoryClusterRig(): ClusterRig {
  const broker = new MemoryBroker();
  const buses: CommandBus[] = [];
  return {
    async bus(node, apps) {
      const bus = new MemoryCommandBus(broker, { node, apps });
      buses.push(bus);
      return bus;
    },
    die: (bus) => (bus as MemoryCommandBus).die(),
    outage(down) {
      broker.up = !down;
    },
    command: (app, node, payload) => broker.command(app, "me", node, payload),
    groupCommand: (app, group, payload) => broker.groupCommand(app, "me", group, payload),
    groupMessage: (message) => broker.groupMessage(message),
    clearPresence: (app, node) => broker.presence(app, node, undefined),
    async watchPresence() {
      const seen: SeenPresence[] = [];
      broker.onPresence((published) => seen.push(published));
      return seen;
    },
    async end() {
      await Promise.all(buses.map((bus) => bus.stop()));
    },
  };
}

function memoryChannelRig(): ChannelRig {
  const broker = new MemoryBroker();
  const heard: HeardEvents[] = [];
  broker.onEvents(({ destination, node, batch }) => {
    if (!("partition" in destination)) return;
    heard.push({ ...destination, node, text: new TextDecoder().decode(batch) });
  });
  const channel = new MemoryEventChannel(broker, "n1");
  return {
    channel,
    heard,
    outage(down) {
      broker.up = !down;
    },
    end: () => channel.stop(),
  };
}

const startMosquitto = async (): Promise<TestBroker> => {
  const broker = await Mosquitto.start();
  return { port: broker.port, close: () => broker[Symbol.asyncDispose]() };
};

clusterBusConformance("MemoryCommandBus", async () => memoryClusterRig());
originChannelConformance("MemoryEventChannel", async () => memoryChannelRig());

const brokers = [
  ["aedes, auto", startEmbeddedBroker, "auto"],
  ["mosquitto, 3.1.1", startMosquitto, "4"],
  ["mosquitto, 5", startMosquitto, "5"],
] as const;
for (const [name, start, version] of brokers) {
  clusterBusConformance(`MqttCommandBus over ${name}`, async () =>
    topicClusterRig(await brokerWorld(start, version)),
  );
  originChannelConformance(`MqttEventChannel over ${name}`, async () =>
    topicChannelRig(await brokerWorld(start, version)),
  );
}

clusterBusConformance(
  "MqttCommandBus without a broker",
  async () => topicClusterRig(await inProcessWorld()),
  { nodesDie: false, busCanBeLost: false },
);
originChannelConformance(
  "MqttEventChannel without a broker",
  async () => topicChannelRig(await inProcessWorld()),
  { inProcess: true },
);
