import { MemoryLogger } from "../../../adapters/memory/mod.ts";
import {
  MqttCommandBus,
  MqttEventChannel,
  MqttLink,
  type MqttVersion,
  Topics,
} from "../../../adapters/mqtt/mod.ts";
import { parseNodePresence } from "../../../adapters/mqtt/wire/mod.ts";
import { SystemClock, SystemRandom } from "../../../adapters/system/mod.ts";
import { type Clock, type CommandBus, MessageKind } from "../../../core/ports/mod.ts";
import type { ClusterRig, SeenPresence } from "../../conformance/cluster-rig.ts";
import type { ChannelRig, HeardEvents } from "../../conformance/origin-channel.ts";
import { TcpProxy } from "../process/tcp-proxy.ts";
import { waitFor } from "../process/wait.ts";
import { groupBinary, groupText } from "./group-topics.ts";

/** A broker that a test may use. */
export interface TestBroker {
  readonly port: number;
  close(): Promise<void>;
}

export interface TestPorts {
  readonly clock: Clock;
  readonly random: SystemRandom;
  readonly logger: MemoryLogger;
}

/** Real time, real randomness, and a log to look into. */
export function testPorts(): TestPorts {
  return { clock: new SystemClock(), random: new SystemRandom(), logger: new MemoryLogger() };
}

/** A connected plain MQTT client. */
export async function plainClient(
  port: number,
  filters: readonly string[] = [],
  message: (topic: string, payload: Uint8Array, retained: boolean) => void = () => {},
): Promise<MqttLink> {
  const url = `mqtt://127.0.0.1:${port}`;
  const link = new MqttLink(
    { bounded: false, url, name: "plain", role: "test", version: "4", filters },
    testPorts(),
  );
  await link.start({ connected: () => {}, message });
  return link;
}

/** Topics of the presences that a broker keeps for whoever comes. */
export async function retainedPresences(port: number): Promise<string[]> {
  const marker = "wss/v1/default/presence/marker";
  const topics: string[] = [];
  const client = await plainClient(port, ["wss/v1/+/presence/#"], (topic, _payload, retained) => {
    if (retained || topic === marker) topics.push(topic);
  });
  // What is published now comes behind all that was kept.
  client.publish(marker, new Uint8Array(1), () => {});
  await waitFor(() => topics.includes(marker), { what: "the marker" });
  await client.stop();
  return topics.filter((topic) => topic !== marker);
}

/** Buses over a real broker, each behind a proxy of its own. */
export async function mqttClusterRig(
  start: () => Promise<TestBroker>,
  version: MqttVersion,
): Promise<ClusterRig> {
  const broker = await start();
  const topics = new Topics();
  const anybody = await plainClient(broker.port);
  const proxies = new Map<CommandBus, TcpProxy>();
  const dead = new Set<CommandBus>();
  const watchers: MqttLink[] = [];
  return {
    async bus(node, apps) {
      const proxy = await TcpProxy.start(broker.port);
      const bus = new MqttCommandBus({ url: proxy.url, version, apps, node }, testPorts());
      proxies.set(bus, proxy);
      return bus;
    },
    die(bus) {
      dead.add(bus);
      proxies.get(bus)?.block();
    },
    outage(down) {
      for (const [bus, proxy] of proxies) {
        if (down) proxy.block();
        else if (!dead.has(bus)) proxy.unblock();
      }
    },
    command(app, node, payload) {
      const topic =
        node === undefined ? topics.commands(app, "me") : topics.nodeCommands(app, node, "me");
      anybody.publish(topic, payload, () => {});
    },
    groupCommand(app, group, payload) {
      anybody.publish(topics.groupCommands(app, group, "me"), payload, () => {});
    },
    groupMessage({ app, group, kind, payload }) {
      const text = kind === MessageKind.text;
      const topic = text ? groupText(topics, app, group) : groupBinary(topics, app, group);
      anybody.publish(topic, payload, () => {});
    },
    clearPresence(app, node) {
      anybody.publish(topics.nodePresence(app, node), new Uint8Array(0), () => {}, true);
    },
    async watchPresence() {
      const seen: SeenPresence[] = [];
      watchers.push(
        await plainClient(broker.port, ["wss/v1/+/presence/nodes/+"], (topic, payload) => {
          const parsed = topics.parse(topic);
          if (parsed?.kind !== "node-presence") throw new Error(`an unexpected topic: ${topic}`);
          const { app, node } = parsed;
          seen.push({ app, node, presence: parseNodePresence(payload) });
        }),
      );
      return seen;
    },
    async end() {
      await Promise.all(watchers.map((watcher) => watcher.stop()));
      await Promise.all(Array.from(proxies.keys(), (bus) => bus.stop()));
      await anybody.stop();
      await Promise.all(Array.from(proxies.values(), (proxy) => proxy.close()));
      await broker.close();
    },
  };
}

/** A channel over a real broker, behind a proxy, and a plain subscriber of its events. */
export async function mqttChannelRig(
  start: () => Promise<TestBroker>,
  version: MqttVersion,
): Promise<ChannelRig> {
  const broker = await start();
  const proxy = await TcpProxy.start(broker.port);
  const topics = new Topics();
  const heard: HeardEvents[] = [];
  const origin = await plainClient(broker.port, ["wss/v1/+/events/#"], (topic, payload) => {
    const parsed = topics.parse(topic);
    if (parsed?.kind !== "events") throw new Error(`an unexpected topic: ${topic}`);
    const { app, partition, node } = parsed;
    heard.push({ app, partition, node, text: new TextDecoder().decode(payload) });
  });
  const options = { url: proxy.url, version, apps: ["default"], node: "n1" };
  const channel = new MqttEventChannel(options, testPorts());
  return {
    channel,
    heard,
    outage: (down) => (down ? proxy.block() : proxy.unblock()),
    async end() {
      await channel.stop();
      await origin.stop();
      await proxy.close();
      await broker.close();
    },
  };
}
