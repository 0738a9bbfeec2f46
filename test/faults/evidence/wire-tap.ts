import { decode } from "@msgpack/msgpack";
import { connectAsync, type MqttClient } from "mqtt";
import { now } from "../cluster/now.ts";

const root = "wss/v1/default";

/** The first publish of an item in a stream. */
export interface Offer {
  readonly at: number;
  readonly origin: string;
  readonly stream: string;
  /** Connection and `seq`. */
  readonly message: string;
}

/** An origin has said that everything in a stream below `count` is handled. */
export interface Confirmation {
  readonly at: number;
  readonly stream: string;
  readonly count: number;
}

/** What went over the broker between nodes and origins, as another client of it receives it. */
export interface WireRecord {
  /** Messages by stream, and there by number; other items leave their places empty. */
  readonly streams: ReadonlyMap<string, readonly (Offer | undefined)[]>;
  readonly confirmations: readonly Confirmation[];
}

type Item = readonly unknown[];

/**
 * Listens at the brokers to every event that is given to an origin, and to every ack. It takes
 * part in nothing. What is said while a broker is away it misses, so what it has is a part.
 */
export class WireTap implements WireRecord {
  readonly streams: Map<string, (Offer | undefined)[]> = new Map();
  readonly confirmations: Confirmation[] = [];
  readonly #clients: readonly MqttClient[];

  private constructor(clients: readonly MqttClient[]) {
    this.#clients = clients;
    for (const client of clients) {
      client.on("message", (topic, payload) => {
        const [, , , place, origin = ""] = topic.split("/");
        if (place === "origins") this.#events(origin, payload);
        else this.#commands(payload);
      });
      // It connects again by itself.
      client.on("error", () => {});
    }
  }

  static async start(brokers: readonly string[]): Promise<WireTap> {
    const timerVariant = "native";
    const options = { protocolVersion: 4, timerVariant, reconnectPeriod: 100 } as const;
    const clients = await Promise.all(brokers.map((broker) => connectAsync(broker, options)));
    const tap = new WireTap(clients);
    const filters = [`${root}/origins/+/events/+`, `${root}/nodes/+/commands/+`];
    for (const client of clients) await client.subscribeAsync(filters, { qos: 0 });
    return tap;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.endAsync(true)));
  }

  #events(origin: string, payload: Buffer): void {
    const [version, stream, first, items] = decode(payload) as [number, string, number, Item[]];
    // A bare batch answers an origin, and gives it nothing.
    if (version !== 1) return;
    const offers = this.streams.get(stream) ?? [];
    this.streams.set(stream, offers);
    const at = now();
    for (const [index, [verb, id, seq]] of items.entries()) {
      if (verb !== "message") continue;
      offers[first + index] ??= { at, origin, stream, message: `${id} ${seq}` };
    }
  }

  #commands(payload: Buffer): void {
    // Only a bare batch confirms: an array of arrays, and not `[1, stream, …]`.
    if (payload[1] === 1) return;
    for (const [verb, stream, count] of decode(payload) as Item[]) {
      if (verb !== "ack") continue;
      this.confirmations.push({ at: now(), stream: String(stream), count: Number(count) });
    }
  }
}
