import type { MqttTls, MqttVersion } from "../../mqtt/link/mod.ts";

/** The options of `connectOrigin`. */
export interface OriginOptions {
  /**
   * The gateway's broker: `mqtt://[user:password@]host[:port]`, or `mqtts://…` with TLS. Where it
   * has several brokers, all of them: an array, or one text with commas.
   */
  readonly broker: string | readonly string[];
  /** The app whose connections it serves: 1 to 64 of a-z, 0-9 and -; `default` by default. */
  readonly app?: string;
  /**
   * The origin's name: 1 to 32 of a-z, 0-9 and -; random by default. Each process needs its own.
   * Where the broker has access rules, it is the name of the broker's user.
   */
  readonly name?: string;
  /** First level of every topic, as the gateway has it; `wss` by default. */
  readonly root?: string;
  /**
   * `assigned` (the default): the origin announces itself, each connection belongs to one origin,
   * and its events are acknowledged and repeated. `open`: the origin receives every event of the
   * app, and none is repeated.
   */
  readonly mode?: "assigned" | "open";
  /** Events that each node may send before the first of them is handled; 20,000 by default. */
  readonly window?: number;
  /** Its share of the connections relative to other origins', 0 to 1,000,000; 1 by default. */
  readonly weight?: number;
  /** How it writes commands; `msgpack` by default. It reads both. */
  readonly format?: "msgpack" | "json";
  /** Of MQTT; `auto` by default. */
  readonly version?: MqttVersion;
  /**
   * MQTT's QoS of numbered commands and acknowledgements. At 0, the default, the broker confirms
   * few of them: nodes do, and the library sends again what was lost. 1 costs more.
   */
  readonly streamQos?: 0 | 1;
  /**
   * Whether MQTT packets at QoS 0 are written and read past MQTT.js, which costs less; true by
   * default.
   */
  readonly dataLane?: boolean;
  /** Certificates for a broker with `mqtts://`, as PEM. */
  readonly tls?: MqttTls;
  /** Where it aborts, `connectOrigin` rejects with its reason, or the origin closes. */
  readonly signal?: AbortSignal;
}

/** An origin on a link that the caller opens. */
export type LinkedOriginOptions = Omit<
  OriginOptions,
  "broker" | "version" | "streamQos" | "dataLane" | "tls" | "signal"
>;
