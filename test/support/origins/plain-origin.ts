import { decode, encode } from "@msgpack/msgpack";
import { connectAsync, type MqttClient } from "mqtt";
import { waitFor } from "../process/wait.ts";

/** An event as it stands on the wire. */
export type WireEvent = readonly [verb: string, ...rest: unknown[]];

interface Batch {
  readonly topic: string;
  readonly payload: Buffer;
}

/**
 * An origin as a stranger would write it from the contract alone: MQTT.js and MessagePack, none
 * of this project's code.
 */
export class PlainOrigin {
  readonly events: WireEvent[] = [];
  readonly batches: Batch[] = [];
  /** Number of the next item, by stream. */
  readonly #next = new Map<string, number>();
  readonly #client: MqttClient;
  readonly #root: string;
  readonly #answered = new Set<WireEvent>();
  #taken = 0;

  private constructor(client: MqttClient, root: string) {
    this.#client = client;
    this.#root = root;
    client.on("message", (topic, payload) => this.#batch(topic, payload));
  }

  static async connect(broker: string, root: string = "wss/v1/default"): Promise<PlainOrigin> {
    const options = { protocolVersion: 4, timerVariant: "native", reconnectPeriod: 100 } as const;
    const origin = new PlainOrigin(await connectAsync(broker, options), root);
    await origin.#client.subscribeAsync(`${root}/events/#`, { qos: 1 });
    return origin;
  }

  /** The next event, in the order of arrival; an event is given once. */
  async next(): Promise<WireEvent> {
    const event = await waitFor(() => this.events[this.#taken], { what: "the next event" });
    this.#taken++;
    return event;
  }

  /** The next event of this kind; others before it are passed over. */
  async nextOf(verb: string): Promise<WireEvent> {
    for (;;) {
      const event = await this.next();
      if (event[0] === verb) return event;
    }
  }

  /** The next event of this kind and connection. */
  async nextOfId(verb: string, id: string): Promise<WireEvent> {
    for (;;) {
      const event = await this.nextOf(verb);
      if (event[1] === id) return event;
    }
  }

  /** Publishes items as a bare batch to one node, or to all of them. */
  async command(node: string | undefined, ...items: unknown[]): Promise<void> {
    await this.publish(node, encode(items));
  }

  async publish(node: string | undefined, payload: Uint8Array | string): Promise<void> {
    const to = node === undefined ? "" : `/nodes/${node}`;
    const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
    await this.#client.publishAsync(`${this.#root}${to}/commands/tester`, bytes, { qos: 1 });
  }

  /** Publishes to any topic of the app. */
  async publishTo(topic: string, payload: Uint8Array | string): Promise<void> {
    const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
    await this.#client.publishAsync(`${this.#root}/${topic}`, bytes, { qos: 1 });
  }

  /** The result of a `reply` with this ref, from any time; each is given once. */
  async replyTo(
    ref: unknown,
    fits: (result: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    const found = (): WireEvent | undefined =>
      this.events.find((event) => {
        const [verb, answered, result] = event;
        if (verb !== "reply" || answered !== ref || this.#answered.has(event)) return false;
        return fits(result as Record<string, unknown>);
      });
    const event = await waitFor(found, { what: `a reply to ${String(ref)}` });
    this.#answered.add(event);
    return event[2] as Record<string, unknown>;
  }

  /** The `close` of a connection, from any time. */
  closeOf(id: string): Promise<WireEvent> {
    const found = (): WireEvent | undefined =>
      this.events.find(([verb, of]) => verb === "close" && of === id);
    return waitFor(found, { what: `the close of ${id}` });
  }

  async end(): Promise<void> {
    await this.#client.endAsync();
  }

  #batch(topic: string, payload: Buffer): void {
    this.batches.push({ topic, payload });
    const json = payload[0] === 0x5b;
    const batch = (json ? JSON.parse(payload.toString()) : decode(new Uint8Array(payload))) as [
      number,
      string,
      number,
      WireEvent[],
    ];
    if (typeof batch[0] !== "number") {
      this.events.push(...(batch as unknown as WireEvent[]));
      return;
    }
    const [version, stream, first, items] = batch;
    const next = this.#next.get(stream) ?? 0;
    if (version !== 1) throw new Error(`version ${version}`);
    if (first > next) throw new Error(`a gap in ${stream}: ${next} to ${first}`);
    this.events.push(...items.slice(next - first));
    this.#next.set(stream, Math.max(next, first + items.length));
  }
}
