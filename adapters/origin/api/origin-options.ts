import type { MqttTls, MqttVersion } from "../../mqtt/link/mod.ts";

/** Where an origin finds its gateway, and who it is. */
export interface OriginOptions {
  /** `mqtt://[user:password@]host[:port]`, or `mqtts://…`. */
  readonly broker: string;
  /** The app whose connections it serves; `default` by default. */
  readonly app?: string;
  /** 1 to 32 of a-z, 0-9 and -; random by default. With ACLs it is the broker's user. */
  readonly name?: string;
  /** First level of every topic; `wss` by default. */
  readonly root?: string;
  /**
   * `assigned` (the default): it announces itself, and nodes share their connections out among
   * the origins that do. `open`: it hears every event, and confirms none.
   */
  readonly mode?: "assigned" | "open";
  /** Events that each node may send before the first is handled; 20,000 by default. */
  readonly window?: number;
  /** Share of the connections relative to other origins; 1 by default. */
  readonly weight?: number;
  /** How it writes commands. It reads both. */
  readonly format?: "msgpack" | "json";
  readonly version?: MqttVersion;
  readonly tls?: MqttTls;
  /** Ends the attempt to connect, and later the origin. */
  readonly signal?: AbortSignal;
}
