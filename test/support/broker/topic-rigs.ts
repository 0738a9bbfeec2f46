import { InProcessBus } from "../../../adapters/in-process/mod.ts";
import { BrokerSet, openBrokers } from "../../../adapters/mqtt/brokers/mod.ts";
import { type MqttBroker, mqttLinks } from "../../../adapters/mqtt/mod.ts";
import {
  type Brokers,
  type Link,
  type OpenLink,
  parseNodePresence,
  Topics,
} from "../../../adapters/topics/mod.ts";
import { type CommandBus, MessageKind } from "../../../core/ports/mod.ts";
import { nodeBus } from "../../../runtimes/compose/broker-bus.ts";
import type { CommandBusRig, SeenPresence } from "../../conformance/command-bus-rig.ts";
import type { EventChannelRig, ReceivedEvents } from "../../conformance/event-channel.ts";
import { MemoryMetrics } from "../memory/mod.ts";
import { TcpProxy } from "../process/tcp-proxy.ts";
import { waitFor } from "../process/wait.ts";
import { type TestBroker, testPorts } from "./broker-rigs.ts";
import { groupBinary, groupText } from "./group-topics.ts";
import { PeerNetwork } from "./peer-network.ts";

/** A bus of topics, and how each participant comes to a link of its own. */
interface TopicWorld {
  readonly outsider: OpenLink;
  /** Links of a node, and how these are lost, or their process dies; where they can. */
  participant(node: string): Promise<{
    readonly openLink: OpenLink;
    readonly brokers?: Brokers | undefined;
    readonly lose?: (lost: boolean) => void;
    readonly die?: () => void;
  }>;
  end(): Promise<void>;
}

/** A broker; every participant is behind a proxy of its own. */
export async function brokerWorld(
  start: () => Promise<TestBroker>,
  packets: Pick<MqttBroker, "version" | "dataLane">,
): Promise<TopicWorld> {
  const broker = await start();
  const proxies: TcpProxy[] = [];
  const user = broker.login === undefined ? "" : `${broker.login}@`;
  const direct = `mqtt://${user}127.0.0.1:${broker.port}`;
  return {
    outsider: mqttLinks({ url: direct, version: "4" }, testPorts()),
    async participant() {
      const proxy = await TcpProxy.start(broker.port);
      proxies.push(proxy);
      const lose = (lost: boolean): void => (lost ? proxy.block() : proxy.unblock());
      return {
        openLink: mqttLinks(
          { url: proxy.url.replace("//", `//${user}`), ...packets },
          testPorts(),
        ),
        lose,
        die: () => lose(true),
      };
    },
    async end() {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await broker.close();
    },
  };
}

/** Several brokers; every participant is behind a proxy of its own at each of them. */
export async function brokersWorld(
  start: () => Promise<TestBroker>,
  count: number,
): Promise<TopicWorld> {
  const brokers = await Promise.all(Array.from({ length: count }, start));
  const proxies: TcpProxy[] = [];
  const urls = brokers.map(({ port }) => `mqtt://127.0.0.1:${port}`).join(",");
  return {
    outsider: openBrokers({ urls, version: "4" }, testPorts()).openLink,
    async participant() {
      const own = await Promise.all(brokers.map(({ port }) => TcpProxy.start(port)));
      proxies.push(...own);
      const lose = (lost: boolean): void => {
        for (const proxy of own) lost ? proxy.block() : proxy.unblock();
      };
      const list = own.map(({ url }) => url).join(",");
      const { openLink, brokers: several } = openBrokers({ urls: list }, testPorts());
      return { openLink, brokers: several, lose, die: () => lose(true) };
    },
    async end() {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await Promise.all(brokers.map((broker) => broker.close()));
    },
  };
}

/** No broker: everybody is in one process. */
export async function inProcessWorld(): Promise<TopicWorld> {
  const bus = new InProcessBus();
  return {
    outsider: bus.open,
    participant: async () => ({ openLink: bus.open }),
    end: async () => {},
  };
}

/**
 * No broker: everybody is a node of its own, and the nodes reach each other over HTTP. There is
 * nothing that all of them could lose at once, but each of them can die.
 */
export async function peersWorld(): Promise<TopicWorld> {
  const network = await PeerNetwork.start();
  const outsider = await network.join("outsider");
  return {
    outsider: outsider.cluster.open,
    async participant(name) {
      const node = await network.join(name);
      return { openLink: node.cluster.open, die: () => void network.die(node) };
    },
    end: () => network.end(),
  };
}

async function outsiderLink(
  openLink: OpenLink,
  filters: readonly string[] = [],
  message: (topic: string, payload: Uint8Array) => void = () => {},
): Promise<Link> {
  const link = openLink({ name: "plain", role: "test", bounded: false, filters });
  await link.start({ connected: () => {}, message });
  return link;
}

/** Connected to each of several brokers. */
function isWhole(brokers: Brokers | undefined, metrics: MemoryMetrics): boolean {
  if (!(brokers instanceof BrokerSet)) return true;
  return brokers.names.every((broker) => metrics.value("wss_broker_up", { broker }) === 1);
}

/** Command buses of nodes in such a world, and those who talk to them. */
export async function topicCommandBusRig(world: TopicWorld): Promise<CommandBusRig> {
  const topics = new Topics();
  const anybody = await outsiderLink(world.outsider);
  const buses = new Map<CommandBus, Awaited<ReturnType<TopicWorld["participant"]>>>();
  const wholes = new Map<CommandBus, () => boolean>();
  const dead = new Set<CommandBus>();
  const watchers: Link[] = [];
  return {
    async bus(node, apps) {
      const participant = await world.participant(node);
      const { openLink, brokers } = participant;
      const metrics = new MemoryMetrics();
      const { bus } = nodeBus({ apps, node }, { ...testPorts(), openLink, brokers, metrics });
      buses.set(bus, participant);
      wholes.set(bus, () => isWhole(brokers, metrics));
      return bus;
    },
    die(bus) {
      dead.add(bus);
      buses.get(bus)?.die?.();
    },
    async whole(bus) {
      await waitFor(() => wholes.get(bus)?.(), { what: "every broker" });
    },
    outage(down) {
      for (const [bus, { lose }] of buses) if (down || !dead.has(bus)) lose?.(down);
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
      const filters = ["wss/v1/+/presence/nodes/+"];
      const watcher = await outsiderLink(world.outsider, filters, (topic, payload) => {
        const parsed = topics.parse(topic);
        if (parsed?.kind !== "node-presence") throw new Error(`an unexpected topic: ${topic}`);
        const { app, node } = parsed;
        seen.push({ app, node, presence: parseNodePresence(payload) });
      });
      watchers.push(watcher);
      return seen;
    },
    async end() {
      await Promise.all(watchers.map((watcher) => watcher.stop()));
      await Promise.all(Array.from(buses.keys(), (bus) => bus.stop()));
      await anybody.stop();
      await world.end();
    },
  };
}

/** An event channel in such a world, and a plain subscriber of its events. */
export async function topicEventChannelRig(world: TopicWorld): Promise<EventChannelRig> {
  const topics = new Topics();
  const received: ReceivedEvents[] = [];
  const filters = ["wss/v1/+/events/#", "wss/v1/+/origins/+/events/+"];
  const origin = await outsiderLink(world.outsider, filters, (topic, payload) => {
    const parsed = topics.parse(topic);
    const text = new TextDecoder().decode(payload);
    if (parsed?.kind === "events") {
      const { app, partition, node } = parsed;
      received.push({ app, partition, node, text });
    } else if (parsed?.kind === "origin-events") {
      const { app, origin, node } = parsed;
      received.push({ app, origin, node, text });
    } else throw new Error(`an unexpected topic: ${topic}`);
  });
  const { openLink, brokers, lose } = await world.participant("n1");
  const options = { apps: ["default"], node: "n1" };
  const metrics = new MemoryMetrics();
  const { channel } = nodeBus(options, { ...testPorts(), openLink, brokers, metrics });
  return {
    channel,
    received,
    outage: (down) => lose?.(down),
    async end() {
      await channel.stop();
      await origin.stop();
      await world.end();
    },
  };
}
