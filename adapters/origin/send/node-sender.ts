import { limits, ServiceError } from "../../../core/base/mod.ts";
import { type MessageData, originLimits } from "../base/mod.ts";
import { BatchSender, type BatchStream, type SentBatch } from "./batch-sender.ts";
import { type CommandBatch, withOldest } from "./command-batch.ts";
import type { Expiry } from "./expiry.ts";
import type { SendQueue } from "./send-queue.ts";

/** Bytes of a `send` besides id and data, at most. */
const sendRoom = 64;

/**
 * The numbered stream of commands to one node. A broker may drop what it has confirmed, or be
 * killed with it. So batches are kept until the node acknowledges them, and published again after
 * a gap, an outage or a silence.
 */
export class NodeSender extends BatchSender {
  /** The node is taken for dead: nothing more is written here. */
  #retired = false;
  readonly #lives: () => boolean;
  #watching = false;

  /** `lives`: whether the node has a presence. Only such a node acknowledges. */
  constructor(topic: string, queue: SendQueue, streamName: () => string, lives: () => boolean) {
    const inFlight = {
      max: originLimits.batchesInFlightMax,
      target: limits.publishesInFlightTarget,
    };
    super(topic, queue, inFlight, streamName);
    this.#lives = lives;
  }

  get retired(): boolean {
    return this.#retired;
  }

  /** Sends one message to one connection; `id` is as `packId` makes it. */
  send(
    { id, packed }: { readonly id: string; readonly packed: Uint8Array },
    data: MessageData,
  ): void {
    if (this.queue.json) {
      this.command(["send", id, data]);
      return;
    }
    const room = packed.length + sendRoom;
    let bytesMax = room + data.length;
    // A UTF-16 unit takes three bytes at most. They are counted only where they may be too many.
    if (typeof data === "string" && !this.hasRoom(room + 3 * data.length)) {
      bytesMax = room + Buffer.byteLength(data);
    }
    this.queue.check(bytesMax);
    const batch = this.batchFor(bytesMax);
    const before = batch.bytes;
    batch.send(packed, data);
    this.queue.add(batch.bytes - before);
    this.written();
  }

  command(command: readonly unknown[], expiry?: Expiry): void {
    this.append(this.queue.admit(command), expiry);
  }

  /** The node has carried out every command below `count`; with `received`, others are missing. */
  acknowledged(stream: string, count: number, received: number | undefined): void {
    if (stream === this.stream.name) this.stream.reliable.acknowledge(count, received);
  }

  /** The node is taken for dead: what waits still goes out, and nothing is kept. */
  retire(): void {
    this.#retired = true;
    this.renew();
    if (this.commands === 0) this.drained();
  }

  protected override encode(batch: CommandBatch): Uint8Array<ArrayBuffer> {
    return batch.takeNumbered(this.stream.name, this.stream.reliable.next);
  }

  /**
   * A batch names the oldest command that can be repeated, so that a node that does not know the
   * stream yet sees what it missed. What is not kept cannot be repeated.
   */
  protected override payload({ first, payload }: SentBatch, stream: BatchStream): Uint8Array {
    const kept = stream === this.stream && this.keeps;
    const oldest = kept ? stream.reliable.oldestAvailable : first;
    return withOldest(payload, oldest, this.queue.json);
  }

  protected override get keeps(): boolean {
    return !this.#retired && this.#lives();
  }

  protected override published(): void {
    const { reliable, unsettledBytes } = this.stream;
    if (reliable.bytes - unsettledBytes > originLimits.keptBytesMax) this.#giveUp();
    else if (!reliable.idle) this.#watch();
  }

  protected override drained(): void {
    if (this.#retired) super.drained();
  }

  /** While anything is kept, checks now and then whether the node is silent. */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.queue.clock.after(originLimits.probeMs, () => {
      this.#watching = false;
      const { reliable } = this.stream;
      if (reliable.silentMs >= this.#silentMsMax) this.#giveUp();
      else reliable.probe();
      if (!reliable.idle) this.#watch();
    });
  }

  /** One silent node must not use up the queue of them all. */
  get #silentMsMax(): number {
    const { keptBytesMax, probeMs, unconfirmedMsMax } = originLimits;
    return this.bytes > keptBytesMax ? probeMs : unconfirmedMsMax;
  }

  #giveUp(): void {
    this.renew();
    const message = `${this.topic}: the node acknowledges no commands: they are given up`;
    this.queue.failed(new ServiceError("ack-timeout", message));
  }
}
