import { MemoryBroker, MemoryClusterBus, MemoryOriginChannel } from "../../adapters/memory/mod.ts";
import { startEmbeddedBroker } from "../../adapters/mqtt/mod.ts";
import type { ClusterBus } from "../../core/ports/mod.ts";
import { clusterBusConformance } from "../conformance/cluster-bus.ts";
import type { ClusterRig } from "../conformance/cluster-rig.ts";
import {
  type ChannelRig,
  type HeardEvents,
  originChannelConformance,
} from "../conformance/origin-channel.ts";
import { mqttChannelRig, mqttClusterRig, type TestBroker } from "../support/broker-rigs.ts";
import { Mosquitto } from "../support/mosquitto.ts";

function memoryClusterRig(): ClusterRig {
  const broker = new MemoryBroker();
  const buses: ClusterBus[] = [];
  return {
    async bus(node, apps) {
      const bus = new MemoryClusterBus(broker, { node, apps });
      buses.push(bus);
      return bus;
    },
    die: (bus) => (bus as MemoryClusterBus).die(),
    outage(down) {
      broker.up = !down;
    },
    command: (app, node, payload) => broker.command(app, "me", node, payload),
    groupCommand: (app, group, payload) => broker.groupCommand(app, "me", group, payload),
    groupMessage: (message) => broker.groupMessage(message),
    clearPresence: (app, node) => broker.presence(app, node, undefined),
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
  const channel = new MemoryOriginChannel(broker, "n1");
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

clusterBusConformance("MemoryClusterBus", async () => memoryClusterRig());
originChannelConformance("MemoryOriginChannel", async () => memoryChannelRig());

const brokers = [
  ["aedes, auto", startEmbeddedBroker, "auto"],
  ["mosquitto, 3.1.1", startMosquitto, "4"],
  ["mosquitto, 5", startMosquitto, "5"],
] as const;
for (const [name, start, version] of brokers) {
  clusterBusConformance(`MqttClusterBus over ${name}`, () => mqttClusterRig(start, version));
  originChannelConformance(`MqttOriginChannel over ${name}`, () => mqttChannelRig(start, version));
}
