export {
  type MqttBroker,
  MqttLink,
  type MqttTls,
  type MqttVersion,
  mqttLinks,
  parseBrokerUrl,
  redactUrl,
} from "./link/mod.ts";
export { MqttCommandBus } from "./mqtt-command-bus.ts";
export { MqttEventChannel } from "./mqtt-event-channel.ts";
