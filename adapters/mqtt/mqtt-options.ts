import type { MqttTls, MqttVersion } from "./link/mod.ts";

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
