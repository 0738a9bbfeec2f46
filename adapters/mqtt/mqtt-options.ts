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

/** The sender's name, for the log: anybody may publish, under any name of any length. */
export function senderOf(level: string): string {
  return level.length <= mqttLimits.senderCharsMax
    ? level
    : `${level.slice(0, mqttLimits.senderCharsMax - 1)}…`;
}
