export { parseBrokerUrl, redactUrl } from "./broker-url.ts";
export { LoopbackCheck } from "./loopback-check.ts";
export { mqttLimits } from "./mqtt-limits.ts";
export {
  MqttLink,
  type MqttLinkListener,
  type MqttLinkOptions,
  type MqttLinkPorts,
  type MqttVersion,
} from "./mqtt-link.ts";
export type { MqttTls } from "./mqtt-tls.ts";
export type { PublishDone } from "./publish-window.ts";
