import { closeReasons, type ServiceError } from "../base/mod.ts";
import type { Connections } from "../connection/mod.ts";
import type { EventChannel, Logger, ValueCodec } from "../ports/mod.ts";
import type { NumberedBatch, PublishAnswer } from "../streams/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import { BatchSplitter, type Destination, type EventBatch } from "./batch-splitter.ts";

/** What events are published with. */
export interface PublishDependencies {
  readonly values: ValueCodec;
  readonly channel: EventChannel;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  /** The connections of the app. */
  readonly registry: Connections;
}

/** Where the events of a stream go. */
export interface PublishSettings {
  /** Undefined while no origin is there: the events wait. */
  readonly destination: Destination | undefined;
  /** Batches are published as JSON in place of MessagePack. */
  readonly json: boolean;
}

/** Publishes the batches of one stream, and acts on what fails. It repeats nothing. */
export class EventPublisher {
  readonly #dependencies: PublishDependencies;
  readonly #settings: PublishSettings;
  readonly #splitter: BatchSplitter;
  readonly #onRefused: () => void;
  #refused: ServiceError | undefined;
  #bareBytes = 0;

  /** `onRefused`: the broker refuses publishes to the origin, as `refused` says from then on. */
  constructor(
    dependencies: PublishDependencies,
    settings: PublishSettings,
    onRefused: () => void,
  ) {
    this.#dependencies = dependencies;
    this.#settings = settings;
    this.#onRefused = onRefused;
    const { values, channel } = dependencies;
    this.#splitter = new BatchSplitter(values, channel, (item) => this.#oversized(item));
  }

  get refused(): ServiceError | undefined {
    return this.#refused;
  }

  /** The destination is an origin, which acknowledges the events. */
  get toOrigin(): boolean {
    const { destination } = this.#settings;
    return destination !== undefined && "origin" in destination;
  }

  /** Bytes of bare batches that the transport has not answered. */
  get bareBytes(): number {
    return this.#bareBytes;
  }

  /** Publishes a batch in as many pieces as the channel needs. The answer is that of them all. */
  publish(batch: EventBatch, answered: PublishAnswer, atMostOnce: boolean): void {
    const { metrics } = this.#dependencies;
    const pieces = this.#splitter.split(batch, batch.json === true || this.#settings.json);
    let unanswered = pieces.length;
    metrics.batchItems.observe(batch.count);
    let failure: ServiceError | undefined;
    for (const { payload, room } of pieces) {
      metrics.batchesPublished.add(1);
      metrics.batchBytesPublished.add(payload.byteLength);
      metrics.batchBytes.observe(payload.byteLength);
      this.#pass({ payload, room }, atMostOnce, (error) => {
        if (failure?.code !== "broker-lost") failure = error ?? failure;
        unanswered--;
        if (unanswered === 0) answered(failure);
      });
    }
  }

  /**
   * Publishes unnumbered items, such as an `ack`, or a reply to an origin that is leaving. With
   * `atMostOnce` the channel may lose them.
   */
  publishBare(items: readonly (readonly unknown[])[], json: boolean, atMostOnce: boolean): void {
    for (const payload of this.#splitter.splitBare(items, json || this.#settings.json)) {
      this.#bareBytes += payload.byteLength;
      this.#pass({ payload }, atMostOnce, (error) => {
        this.#bareBytes -= payload.byteLength;
        if (error !== undefined) this.failed(error);
      });
    }
  }

  /** A publish failed: its events are lost in open mode, and repeated in assigned mode. */
  failed(error: ServiceError): void {
    const { metrics, logger } = this.#dependencies;
    const { code } = error;
    if (this.toOrigin) {
      metrics.error(code);
      if (code !== "publish-refused" && code !== "batch-too-big") return;
      this.#refused = error;
      this.#onRefused();
    } else if (code !== "broker-lost") {
      metrics.error(code);
      // A missing subscriber is no fault of this node, and each batch would log it.
      const level = code === "no-subscriber" ? "debug" : "error";
      logger.log(level, "events-lost", "a batch of events is lost", { code });
    }
  }

  #pass(
    { payload, room }: Pick<NumberedBatch, "payload" | "room">,
    atMostOnce: boolean,
    done: PublishAnswer,
  ): void {
    const { channel } = this.#dependencies;
    const destination = this.#settings.destination as Destination;
    if (atMostOnce && "origin" in destination) {
      channel.publishAtMostOnce(destination, payload, done, room);
    } else channel.publish(destination, payload, done);
  }

  /** An item is larger than a batch, or a packet of the broker, may be. */
  #oversized([verb, id]: readonly unknown[]): void {
    const { channel, metrics, logger, registry } = this.#dependencies;
    const code = verb === "message" ? "message-too-big" : "batch-too-big";
    logger.log("warn", "event-unfit", "an event is larger than a batch may be", {
      code,
      bytesMax: channel.batchBytesMax,
      verb: String(verb),
      // The second element of a reply is the `ref` of its command: any value.
      ...(verb === "reply" ? {} : { connection: String(id) }),
    });
    // An origin must not get messages of a connection that it does not know.
    const kept = verb !== "message" && verb !== "open" && verb !== "assigned";
    const reason = verb === "message" ? closeReasons.messageTooBig : closeReasons.eventTooBig;
    for (const connection of registry.all()) {
      if (kept || connection.id !== id || connection.closing !== undefined) continue;
      connection.close(reason);
      return;
    }
    metrics.error(code);
  }
}

/**
 * Publishes an empty `alive`, which means nothing to its receivers. The answer shows whether the
 * broker accepts publishes to this destination.
 */
export function publishEmptyAlive(
  { values, channel }: Pick<PublishDependencies, "values" | "channel">,
  destination: Destination,
  json: boolean,
  answered: (error?: ServiceError) => void,
): void {
  const [payload] = new BatchSplitter(values, channel).splitBare([["alive", []]], json);
  channel.publish(destination, payload!, answered);
}
