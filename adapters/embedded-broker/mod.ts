export type { BrokerLogin } from "./broker-login.ts";
export {
  type EmbeddedBroker,
  type EmbeddedBrokerOptions,
  startEmbeddedBroker,
} from "./embedded-broker.ts";
