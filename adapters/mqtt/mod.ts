export type { BrokerLogin } from "./broker-login.ts";
export { parseBrokerUrl, redactUrl } from "./broker-url.ts";
export {
  type EmbeddedBroker,
  type EmbeddedBrokerOptions,
  startEmbeddedBroker,
} from "./embedded-broker.ts";
export { MqttClusterBus } from "./mqtt-cluster-bus.ts";
export { MqttLink, type MqttLinkListener, type MqttVersion } from "./mqtt-link.ts";
export type { MqttOptions, MqttPorts } from "./mqtt-options.ts";
export { MqttOriginChannel } from "./mqtt-origin-channel.ts";
export type { MqttTls } from "./mqtt-tls.ts";
export { decodeGroup, encodeGroup, type ParsedTopic, Topics } from "./topics.ts";
