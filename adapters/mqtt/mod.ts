export {
  MqttLink,
  type MqttLinkListener,
  type MqttTls,
  type MqttVersion,
  parseBrokerUrl,
  redactUrl,
} from "./link/mod.ts";
export { MqttCommandBus } from "./mqtt-command-bus.ts";
export { MqttEventChannel } from "./mqtt-event-channel.ts";
export type { MqttOptions } from "./mqtt-options.ts";
export { decodeGroup, encodeGroup, type ParsedTopic, Topics } from "./wire/mod.ts";
