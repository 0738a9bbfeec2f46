import { startEmbeddedBroker } from "../../../adapters/embedded-broker/mod.ts";
import type { CommandBus } from "../../../core/ports/mod.ts";
import { commandBusConformance } from "../../conformance/command-bus.ts";
import type { CommandBusRig, SeenPresence } from "../../conformance/command-bus-rig.ts";
import {
  type EventChannelRig,
  eventChannelConformance,
  type ReceivedEvents,
} from "../../conformance/event-channel.ts";
import type { TestBroker } from "../../support/broker/broker-rigs.ts";
import { Mosquitto } from "../../support/broker/mosquitto.ts";
import {
  brokersWorld,
  brokerWorld,
  inProcessWorld,
  topicCommandBusRig,
  topicEventChannelRig,
} from "../../support/broker/topic-rigs.ts";
import { MemoryBroker, MemoryCommandBus, MemoryEventChannel } from "../../support/memory/mod.ts";

function memoryCommandBusRig(): CommandBusRig {
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

function memoryEventChannelRig(): EventChannelRig {
  const broker = new MemoryBroker();
  const received: ReceivedEvents[] = [];
  broker.onEvents(({ destination, node, batch }) => {
    received.push({ ...destination, node, text: new TextDecoder().decode(batch) });
  });
  const channel = new MemoryEventChannel(broker, "n1");
  return {
    channel,
    received,
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

commandBusConformance("MemoryCommandBus", async () => memoryCommandBusRig());
eventChannelConformance("MemoryEventChannel", async () => memoryEventChannelRig());

const brokers = [
  ["aedes, auto", startEmbeddedBroker, "auto", true],
  ["mosquitto, 3.1.1", startMosquitto, "4", true],
  ["mosquitto, 5", startMosquitto, "5", true],
  ["mosquitto, 5, without the data lane", startMosquitto, "5", false],
] as const;
for (const [name, start, version, dataLane] of brokers) {
  commandBusConformance(`MqttCommandBus over ${name}`, async () =>
    topicCommandBusRig(await brokerWorld(start, { version, dataLane })),
  );
  eventChannelConformance(`MqttEventChannel over ${name}`, async () =>
    topicEventChannelRig(await brokerWorld(start, { version, dataLane })),
  );
}

commandBusConformance("BrokersCommandBus over three mosquittos", async () =>
  topicCommandBusRig(await brokersWorld(startMosquitto, 3)),
);
eventChannelConformance("BrokersEventChannel over three mosquittos", async () =>
  topicEventChannelRig(await brokersWorld(startMosquitto, 3)),
);

commandBusConformance(
  "MqttCommandBus without a broker",
  async () => topicCommandBusRig(await inProcessWorld()),
  { nodesDie: false, busCanBeLost: false },
);
eventChannelConformance(
  "MqttEventChannel without a broker",
  async () => topicEventChannelRig(await inProcessWorld()),
  { inProcess: true },
);
