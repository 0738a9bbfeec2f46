/** What a node serves on a bus of topics. */
export interface MqttOptions {
  /** First level of every topic, `wss` by default. */
  readonly root?: string | undefined;
  readonly apps: readonly string[];
  readonly node: string;
}
