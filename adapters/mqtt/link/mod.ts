export { brokerName, parseBrokerUrl, redactUrl } from "./broker-url.ts";
export { mqttLimits } from "./mqtt-limits.ts";
export { type MqttBroker, MqttLink, type MqttVersion, mqttLinks } from "./mqtt-link.ts";
export type { MqttTls } from "./mqtt-tls.ts";
