export type { BrokerLogin } from "./broker-login.ts";
export { type EmbeddedBroker, startEmbeddedBroker } from "./embedded-broker.ts";
