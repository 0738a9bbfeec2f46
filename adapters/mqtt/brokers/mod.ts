/**
 * Several brokers at once. Another kind of broker or bus begins with `adapters/topics/link.ts`, or
 * with `core/ports/event-channel.ts` and `core/ports/command-bus.ts`: `docs/architecture.md`.
 */
export { brokerName } from "../link/mod.ts";
export { brokerOf, brokerScore } from "./broker-hash.ts";
export {
  brokerNames,
  brokerUrls,
  type LinkOpened,
  type MqttBrokers,
  openBrokers,
  redactUrls,
} from "./broker-list.ts";
export { BrokerSet } from "./broker-set.ts";
export { type BrokersBusOptions, BrokersCommandBus, brokerUpHelp } from "./brokers-command-bus.ts";
export { type BrokersChannelOptions, BrokersEventChannel } from "./brokers-event-channel.ts";
