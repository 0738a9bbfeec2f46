import { mqttLimits } from "./mqtt-limits.ts";
import type { MqttLinkPorts, MqttVersion } from "./mqtt-link.ts";
import type { MqttTls } from "./mqtt-stream.ts";

/** Where a node finds its broker, and what it serves. */
export interface MqttOptions {
  /** `mqtt://` or `mqtts://`, with user and password where the broker wants them. */
  readonly url: string;
  readonly version?: MqttVersion | undefined;
  readonly tls?: MqttTls | undefined;
  /** First level of every topic, `wss` by default. */
  readonly root?: string | undefined;
  readonly apps: readonly string[];
  readonly node: string;
}

export type MqttPorts = MqttLinkPorts;

/** A topic for the log, cut where it is long: a sender may choose a name of any length. */
export function shownTopic(topic: string): string {
  const { topicCharsMax } = mqttLimits;
  return topic.length <= topicCharsMax ? topic : `${topic.slice(0, topicCharsMax - 1)}…`;
}
