import {
  BrokerSet,
  BrokersCommandBus,
  BrokersEventChannel,
  brokerUpHelp,
} from "../../adapters/mqtt/brokers/mod.ts";
import { MqttCommandBus, MqttEventChannel } from "../../adapters/mqtt/mod.ts";
import type { BusPorts } from "../../adapters/topics/mod.ts";
import type { CommandBus, EventChannel, Metrics } from "../../core/ports/mod.ts";

export interface NodeOptions {
  readonly root?: string | undefined;
  readonly apps: readonly string[];
  readonly node: string;
  /** The one broker of the node, `HOST:PORT`; undefined without one, or with several. */
  readonly broker?: string | undefined;
}

/** What a node sends and receives by. */
export interface NodeBus {
  readonly bus: CommandBus;
  readonly channel: EventChannel;
  /** The node is ending: events of a broker that is away go by another. */
  readonly divert: () => void;
}

/** The command bus and the event channel of a node: over one bus of topics, or several brokers. */
export function nodeBus(options: NodeOptions, ports: BusPorts & { metrics: Metrics }): NodeBus {
  const { brokers, clock, metrics } = ports;
  if (!(brokers instanceof BrokerSet)) {
    const bus = new MqttCommandBus(options, ports);
    const up = (): number => (bus.up ? 1 : 0);
    const { broker } = options;
    if (broker !== undefined) metrics.gauge("wss_broker_up", brokerUpHelp, up, { broker });
    return { bus, channel: new MqttEventChannel(options, ports), divert: () => {} };
  }
  const refused = (broker: string, { message }: Error): void => {
    const fields = { code: "broker-refused", broker, reason: message };
    ports.logger.log("error", "broker-refused", "a broker refuses this node", fields);
  };
  const { node } = options;
  const each = brokers.names.map((_, broker) => {
    const openLink: BusPorts["openLink"] = (link) => brokers.open(broker, link);
    return { ...ports, openLink };
  });
  const buses = each.map((broker) => new MqttCommandBus(options, broker));
  const channels = each.map((broker) => new MqttEventChannel(options, broker));
  const channel = new BrokersEventChannel(brokers, channels, { node, clock, refused });
  return {
    bus: new BrokersCommandBus(brokers, buses, { node, clock, metrics, refused }),
    channel,
    divert: () => channel.divert(),
  };
}
