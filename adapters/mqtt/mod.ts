export type { MqttOptions, MqttPorts, MqttTls } from "./link/mod.ts";
export {
  MqttLink,
  type MqttLinkListener,
  type MqttVersion,
  parseBrokerUrl,
  redactUrl,
} from "./link/mod.ts";
export { MqttCommandBus } from "./mqtt-command-bus.ts";
export { MqttEventChannel } from "./mqtt-event-channel.ts";
export { decodeGroup, encodeGroup, type ParsedTopic, Topics } from "./wire/mod.ts";
