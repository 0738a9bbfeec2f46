import { limits, ServiceError } from "../../../core/base/mod.ts";
import type { Clock } from "../../../core/ports/mod.ts";
import type { MqttLink } from "../../mqtt/link/mod.ts";
import type { Topics } from "../../mqtt/wire/mod.ts";
import { originLimits } from "../base/mod.ts";
import { withBase } from "./batch-base.ts";
import { type CommandBatch, JsonCommandBatch, MessagePackCommandBatch } from "./command-batch.ts";
import type { KeptBatch } from "./kept-commands.ts";
import { NodeOutbox, type OutboxOwner } from "./node-outbox.ts";
import { SealedBatch } from "./sealed-batch.ts";

export interface OutboxOptions {
  readonly app: string;
  readonly name: string;
  readonly incarnation: string;
  readonly json: boolean;
  readonly topics: Topics;
  readonly failed: (error: ServiceError) => void;
  /** Whether the node's presence stands: only such a node will confirm. */
  readonly lives: (node: string) => boolean;
}

/** A node's confirmation of a stream of commands. */
export interface CommandAck {
  /** Whose stream it is, where other senders hear of it too. */
  readonly sender?: string | undefined;
  readonly stream: string;
  /** It has carried out every command below. */
  readonly count: number;
  /** It has seen later ones, and refused them, because some are missing. */
  readonly gap: boolean;
}

/** What was given and never came to the broker. */
export interface Dropped {
  readonly commands: number;
  readonly bytes: number;
}

/** What a batch may grow over its target by, by one more item: its own header and the topic. */
const packetRoom = 512;

/**
 * Commands to all nodes: one publish a node and turn of the event loop, few in flight, so that
 * batches get larger under load. What the broker has not confirmed is published again after a
 * reconnect, and what the node has not confirmed after a gap, an outage or a silence: in order,
 * and its numbers let the nodes drop what came twice.
 */
export class Outbox implements OutboxOwner {
  readonly #link: MqttLink;
  readonly #clock: Clock;
  readonly #options: OutboxOptions;
  readonly #nodes: Map<string, NodeOutbox> = new Map();
  #dirty: NodeOutbox[] = [];
  #sealed: SealedBatch[] = [];
  #inFlight = 0;
  #queuedBytes = 0;
  #scheduled = false;
  #flushed: (() => void)[] = [];
  #watching = false;
  #streams = 0;
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
    outbox.kept.clear();
    this.#nodes.delete(node);
  }

  /** A node lives anew: nothing that its last life was told concerns it. */
  renewed(node: string): void {
    this.#nodes.get(node)?.renew();
  }

  newBatch(): CommandBatch {
    return this.#options.json ? new JsonCommandBatch() : new MessagePackCommandBatch();
  }

  newStream(): number {
    return this.#streams++;
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

  /** The origin ends: nobody waits any longer. Tells how many commands the broker never got. */
  end(): Dropped {
    const bytes = this.#queuedBytes;
    let commands = 0;
    for (const sealed of this.#sealed) if (!sealed.answered) commands += sealed.items;
    for (const outbox of this.#nodes.values()) {
      commands += outbox.items;
      outbox.retired = true;
    }
    this.#sealed = [];
    this.#dirty = [];
    this.#nodes.clear();
    this.#queuedBytes = 0;
    for (const resolve of this.#flushed.splice(0)) resolve();
    return { commands, bytes };
  }

  /** The link is up: what was not confirmed goes first. Or down: nothing is in flight. */
  connected(connected: boolean): void {
    this.#inFlight = 0;
    for (const sealed of this.#sealed) sealed.published = false;
    if (!connected) return;
    for (const outbox of this.#nodes.values()) this.#repeat(outbox, outbox.kept.all());
    this.#pump();
  }

  /** A node's `ack`, maybe of another sender's stream. With `gap`, what follows never came. */
  acknowledged(node: string, { sender, stream, count, gap }: CommandAck): void {
    if (sender !== undefined && sender !== this.#options.name) return;
    const outbox = this.#nodes.get(node);
    if (outbox === undefined || !stream.startsWith(outbox.name)) return;
    const now = this.#clock.now();
    outbox.kept.confirm(stream, count, now);
    const missed = outbox.kept.takeMissed();
    const again = gap && now - outbox.kept.repeatedAt >= originLimits.gapRepeatMs;
    if (again) this.#repeat(outbox, outbox.kept.all());
    else if (missed.length > 0) this.#repeat(outbox, missed);
  }

  /** Publishes unconfirmed batches of a node again; they stay kept until it confirms. */
  #repeat(outbox: NodeOutbox, batches: readonly KeptBatch[]): void {
    outbox.kept.repeatedAt = this.#clock.now();
    for (const batch of batches) {
      const payload = withBase(batch.payload, this.#base(outbox, batch));
      this.#link.publish(batch.topic, payload, () => {});
    }
  }

  /** Number of the oldest command of a batch's stream that could still be sent again. */
  #base(outbox: NodeOutbox, { stream, first }: { stream: string; first: number }): number {
    // What it does not keep could not be sent again, so that the node must not wait for it.
    if (!this.#options.lives(outbox.node)) return first;
    const [kept] = outbox.kept.all();
    const oldest = kept?.stream === stream ? Math.min(kept.first, first) : first;
    for (const sealed of this.#sealed) {
      if (sealed.answered) continue;
      if (!sealed.published) break;
      if (sealed.stream === stream) return Math.min(oldest, sealed.first);
    }
    return oldest;
  }

  #keep(sealed: SealedBatch): void {
    const { outbox, stream, first, end, topic, payload } = sealed;
    if (outbox.retired || stream !== outbox.stream || !this.#options.lives(outbox.node)) return;
    outbox.kept.keep({ stream, first, end, topic, payload }, this.#clock.now());
    if (outbox.kept.bytes > originLimits.keptBytesMax) this.#giveUp(outbox);
    else this.#watch();
  }

  /** While anything is kept, looks once in a while whether its node is silent. */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#clock.after(originLimits.repeatMs, () => {
      this.#watching = false;
      const now = this.#clock.now();
      for (const outbox of this.#nodes.values()) {
        const { kept } = outbox;
        if (kept.size === 0) continue;
        this.#watch();
        if (!this.#link.up) kept.progressAt = now;
        const silentMs = now - kept.progressAt;
        if (silentMs >= originLimits.unconfirmedMsMax) this.#giveUp(outbox);
        else if (silentMs >= originLimits.repeatMs) this.#repeat(outbox, kept.probe());
      }
    });
  }

  #giveUp(outbox: NodeOutbox): void {
    const message = `node ${outbox.node} confirms no commands: those it has are given up`;
    outbox.renew();
    this.#options.failed(new ServiceError("ack-timeout", message));
  }

  get #batchBytesMax(): number {
    const packetBytesMax = this.#link.packetBytesMax;
    if (packetBytesMax === undefined) return limits.batchBytesMax;
    return Math.min(limits.batchBytesMax, packetBytesMax - packetRoom);
  }

  #seal(outbox: NodeOutbox): SealedBatch | undefined {
    if (outbox.items === 0) return undefined;
    const { app, name, topics } = this.#options;
    const sealed = new SealedBatch(outbox, topics.nodeCommands(app, outbox.node, name));
    this.#sealed.push(sealed);
    return sealed;
  }

  #pump(): void {
    if (!this.#link.up) return;
    const target = limits.publishesInFlightTarget;
    // A copy: what nothing is left of leaves the queue at once.
    for (const sealed of this.#sealed.slice()) {
      if (this.#inFlight >= originLimits.batchesInFlightMax) return;
      if (!sealed.published && !sealed.answered) this.#publish(sealed);
    }
    while (this.#dirty.length > 0 && this.#inFlight < target) {
      const outbox = this.#dirty.shift() as NodeOutbox;
      outbox.dirty = false;
      const sealed = this.#seal(outbox);
      if (sealed !== undefined) this.#publish(sealed);
    }
  }

  #publish(sealed: SealedBatch): void {
    if (!sealed.number(this.#options.failed)) {
      this.#answered(sealed);
      return;
    }
    sealed.published = true;
    this.#inFlight++;
    const payload = withBase(sealed.payload, this.#base(sealed.outbox, sealed));
    this.#link.publish(sealed.topic, payload, (error) => {
      // Held, and published again after the next connect.
      if (error?.code === "broker-lost") return;
      this.#inFlight--;
      if (error !== undefined) {
        sealed.outbox.renew();
        this.#options.failed(error);
      } else {
        this.#keep(sealed);
      }
      this.#answered(sealed);
      this.#pump();
    });
  }

  #answered(sealed: SealedBatch): void {
    sealed.answered = true;
    this.#queuedBytes -= sealed.bytes;
    let done = 0;
    while (this.#sealed[done]?.answered) done++;
    if (done > 0) this.#sealed.splice(0, done);
    if (this.#queuedBytes === 0) for (const resolve of this.#flushed.splice(0)) resolve();
  }
}
