import { namePattern } from "../base/mod.ts";
import { BatchSplitter } from "../events/mod.ts";
import type { Clock, EventChannel, ValueCodec } from "../ports/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";

interface DirectDependencies {
  readonly clock: Clock;
  readonly channel: EventChannel;
  readonly values: ValueCodec;
  readonly metrics: GatewayMetrics;
}

/** Items for one sender in one format. */
interface Waiting {
  readonly origin: string;
  readonly json: boolean;
  readonly items: (readonly unknown[])[];
}

/**
 * Publishes replies to the topic of a sender that asked for them there, announced or not: in bare
 * batches, one for each turn of the event loop. They are neither acknowledged nor repeated.
 */
export class DirectReplies {
  /** Whether the channel can publish now. */
  connected = false;
  readonly #app: string;
  readonly #bytesMax: number;
  readonly #dependencies: DirectDependencies;
  readonly #splitter: BatchSplitter;
  readonly #waiting: Map<string, Waiting> = new Map();
  #bytes = 0;

  /** Past `bytesMax` bytes that the channel has not confirmed, replies are dropped. */
  constructor(dependencies: DirectDependencies, app: string, bytesMax: number) {
    this.#dependencies = dependencies;
    this.#app = app;
    this.#bytesMax = bytesMax;
    const { values, channel } = dependencies;
    this.#splitter = new BatchSplitter(values, channel, () => this.#dropped());
  }

  send(origin: string, item: readonly unknown[], json: boolean): void {
    // Another name could not be a level of that topic.
    if (!this.connected || this.#bytes >= this.#bytesMax || !namePattern.test(origin)) {
      this.#dropped();
      return;
    }
    const key = json ? `json ${origin}` : origin;
    const waiting = this.#waiting.get(key) ?? { origin, json, items: [] };
    waiting.items.push(item);
    this.#waiting.set(key, waiting);
    if (this.#waiting.size > 1 || waiting.items.length > 1) return;
    this.#dependencies.clock.endOfTurn(() => this.#publish());
  }

  #publish(): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { origin, json, items } of all) {
      if (this.connected) this.#publishTo({ app: this.#app, origin }, items, json);
      else for (const _item of items) this.#dropped();
    }
  }

  #publishTo(
    destination: { readonly app: string; readonly origin: string },
    items: readonly (readonly unknown[])[],
    json: boolean,
  ): void {
    for (const payload of this.#splitter.splitBare(items, json)) {
      this.#bytes += payload.byteLength;
      this.#dependencies.channel.publish(destination, payload, (error) => {
        this.#bytes -= payload.byteLength;
        if (error !== undefined) this.#dropped();
      });
    }
  }

  #dropped(): void {
    this.#dependencies.metrics.error("reply-dropped");
  }
}
