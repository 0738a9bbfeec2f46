import { limits, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import type { MqttLink } from "../mqtt-link.ts";
import type { Topics } from "../topics.ts";
import { type CommandBatch, JsonCommandBatch, MessagePackCommandBatch } from "./command-batch.ts";
import { NodeOutbox, type OutboxOwner } from "./node-outbox.ts";
import { originLimits } from "./origin-limits.ts";

export interface OutboxOptions {
  readonly app: string;
  readonly name: string;
  readonly incarnation: string;
  readonly json: boolean;
  readonly topics: Topics;
  readonly failed: (error: ServiceError) => void;
}

/** A batch on its way to a node, until the broker confirms it. */
interface Sealed {
  readonly outbox: NodeOutbox;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly bytes: number;
  published: boolean;
  answered: boolean;
}

/** What a batch may grow over its target by, by one more item: its own header and the topic. */
const packetRoom = 512;

/**
 * Commands to all nodes: one publish a node and turn of the event loop, few in flight, so that
 * batches get larger under load. What the broker has not confirmed is published again after a
 * reconnect, in order; its numbers let the nodes drop what came twice.
 */
export class Outbox implements OutboxOwner {
  readonly #link: MqttLink;
  readonly #clock: Clock;
  readonly #options: OutboxOptions;
  readonly #nodes: Map<string, NodeOutbox> = new Map();
  #dirty: NodeOutbox[] = [];
  #sealed: Sealed[] = [];
  #inFlight = 0;
  #queuedBytes = 0;
  #scheduled = false;
  #flushed: (() => void)[] = [];
  readonly #endOfTurn = (): void => {
    this.#scheduled = false;
    this.#pump();
  };

  constructor(link: MqttLink, clock: Clock, options: OutboxOptions) {
    this.#link = link;
    this.#clock = clock;
    this.#options = options;
  }

  /** Bytes that the broker has not confirmed. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  node(node: string): NodeOutbox {
    let outbox = this.#nodes.get(node);
    if (outbox === undefined) {
      const { name, incarnation } = this.#options;
      outbox = new NodeOutbox(node, `${name}:${incarnation}`, this);
      this.#nodes.set(node, outbox);
    }
    return outbox;
  }

  /** A node is gone: what waits for it goes out still, and nothing more is kept of it. */
  retire(node: string): void {
    const outbox = this.#nodes.get(node);
    if (outbox === undefined || outbox.items > 0) return;
    outbox.retired = true;
    this.#nodes.delete(node);
  }

  newBatch(): CommandBatch {
    return this.#options.json ? new JsonCommandBatch() : new MessagePackCommandBatch();
  }

  admit(bytes: number): void {
    if (this.#queuedBytes + bytes > originLimits.sendQueueBytesMax) {
      throw new ServiceError("send-queue-full", "too much waits for the broker");
    }
    if (bytes > this.#batchBytesMax) {
      throw new ServiceError("batch-too-big", `${bytes} bytes do not fit into one packet`);
    }
  }

  written(outbox: NodeOutbox, bytes: number): void {
    this.#queuedBytes += bytes;
    if (!outbox.dirty) {
      outbox.dirty = true;
      this.#dirty.push(outbox);
    }
    if (outbox.bytes >= limits.batchBytesTarget) this.#seal(outbox);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.endOfTurn(this.#endOfTurn);
  }

  /** Resolves when the broker has everything that was given so far. */
  flushed(): Promise<void> {
    this.#pump();
    if (this.#queuedBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#flushed.push(resolve));
  }

  /** The link is up: what was not confirmed goes first. Or down: nothing is in flight. */
  connected(connected: boolean): void {
    this.#inFlight = 0;
    for (const sealed of this.#sealed) sealed.published = false;
    if (connected) this.#pump();
  }

  /** A node's `ack`, maybe of another origin's stream. */
  acknowledged(node: string, stream: string, count: number): void {
    const outbox = this.#nodes.get(node);
    if (outbox === undefined || outbox.stream !== stream || !outbox.acknowledged(count)) return;
    outbox.renew();
    this.#options.failed(
      new ServiceError("batch-gap", `the broker has dropped commands for node ${node}`),
    );
  }

  get #batchBytesMax(): number {
    const packetBytesMax = this.#link.packetBytesMax;
    if (packetBytesMax === undefined) return limits.batchBytesMax;
    return Math.min(limits.batchBytesMax, packetBytesMax - packetRoom);
  }

  #seal(outbox: NodeOutbox): void {
    if (outbox.items === 0) return;
    const bytes = outbox.bytes;
    const { app, name, topics } = this.#options;
    const topic = topics.nodeCommands(app, outbox.node, name);
    const payload = outbox.take();
    this.#sealed.push({ outbox, topic, payload, bytes, published: false, answered: false });
  }

  #pump(): void {
    if (!this.#link.up) return;
    const target = limits.publishesInFlightTarget;
    for (const sealed of this.#sealed) {
      if (this.#inFlight >= originLimits.batchesInFlightMax) return;
      if (!sealed.published && !sealed.answered) this.#publish(sealed);
    }
    while (this.#dirty.length > 0 && this.#inFlight < target) {
      const outbox = this.#dirty.shift() as NodeOutbox;
      outbox.dirty = false;
      const before = this.#sealed.length;
      this.#seal(outbox);
      const sealed = this.#sealed[before];
      if (sealed !== undefined) this.#publish(sealed);
    }
  }

  #publish(sealed: Sealed): void {
    sealed.published = true;
    this.#inFlight++;
    this.#link.publish(sealed.topic, sealed.payload, (error) => {
      // Held, and published again after the next connect.
      if (error?.code === "broker-lost") return;
      this.#inFlight--;
      sealed.answered = true;
      if (error !== undefined) {
        sealed.outbox.renew();
        this.#options.failed(error);
      }
      this.#queuedBytes -= sealed.bytes;
      let done = 0;
      while (this.#sealed[done]?.answered) done++;
      if (done > 0) this.#sealed.splice(0, done);
      this.#pump();
      if (this.#queuedBytes === 0) for (const resolve of this.#flushed.splice(0)) resolve();
    });
  }
}
