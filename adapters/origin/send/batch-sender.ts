import { ServiceError } from "../../../core/base/mod.ts";
import {
  type NumberedBatch,
  type PublishAnswer,
  ReliableSender,
} from "../../../core/streams/mod.ts";
import { originLimits } from "../base/mod.ts";
import { CommandBatch } from "./command-batch.ts";
import type { Expiry } from "./expiry.ts";
import type { SendQueue } from "./send-queue.ts";

export interface SentBatch extends NumberedBatch {
  /** Bytes of its commands, as the queue counts them. */
  readonly bytes: number;
  /**
   * The queue does not count it any more: the broker (QoS 1) or the node (QoS 0) has confirmed it,
   * or it was refused.
   */
  settled: boolean;
}

export interface BatchStream {
  readonly name: string;
  readonly reliable: ReliableSender<SentBatch>;
  /** Bytes of batches that are not settled. */
  unsettledBytes: number;
}

/** How a batch is published, and who is told what came of it. */
interface Publishing {
  readonly answered: PublishAnswer;
  /** At QoS 0, where the stream repeats what is lost. */
  readonly atMostOnce: boolean;
}

/** Batches in flight. */
interface InFlight {
  readonly max: number;
  /** A batch that is not full goes out while fewer batches than this are in flight. */
  readonly target: number;
}

/**
 * Commands to one topic: one batch for each turn of the event loop, and few in flight, so that
 * batches get larger under load. What the broker has not confirmed is published again after a
 * reconnect.
 */
export class BatchSender {
  readonly topic: string;
  protected readonly queue: SendQueue;
  protected stream: BatchStream;
  readonly #streamName: () => string;
  readonly #inFlight: InFlight;
  /** Earlier streams, until the broker has answered their batches. */
  readonly #former: Set<BatchStream> = new Set();
  #commands = 0;
  #batch: CommandBatch;
  /** Batches that take no further command and wait for the broker. */
  readonly #full: CommandBatch[] = [];
  #expired = 0;
  /** What the streams were told last: whether the broker of this topic is there. */
  #reached = false;
  #scheduled = false;
  readonly #endOfTurn = (): void => {
    this.#scheduled = false;
    this.pump();
  };

  constructor(topic: string, queue: SendQueue, inFlight: InFlight, streamName: () => string) {
    this.topic = topic;
    this.queue = queue;
    this.#inFlight = inFlight;
    this.#streamName = streamName;
    this.#batch = new CommandBatch(queue.json);
    this.stream = this.#newStream();
    queue.senders.add(this);
  }

  get commands(): number {
    return this.#commands;
  }

  /** Bytes of its commands that are not settled. */
  get bytes(): number {
    let bytes = this.#batch.bytes + this.stream.unsettledBytes;
    for (const batch of this.#full) bytes += batch.bytes;
    return bytes;
  }

  /** Adds a command whose bytes the queue has counted. */
  append(command: Uint8Array, expiry?: Expiry): void {
    this.batchFor(command.length).append(command, expiry);
    this.written();
  }

  pump(): void {
    this.stream.reliable.pump();
    this.#afterwards();
  }

  connected(connected: boolean): void {
    this.#reached = connected && this.#reaches;
    for (const { reliable } of [...this.#former, this.stream]) reliable.connected(this.#reached);
    this.#afterwards();
  }

  /** One of several brokers came or went. It may be the one that carries this topic. */
  reachChanged(): void {
    const reaches = this.#reaches;
    if (reaches !== this.#reached || reaches !== this.stream.reliable.isConnected) {
      this.connected(true);
    }
  }

  /** Encodes a batch. Here it is a bare one, because no receiver acknowledges it. */
  protected encode(batch: CommandBatch): Uint8Array<ArrayBuffer> {
    return batch.takeBare();
  }

  /** The batch as it is published now. */
  protected payload({ payload }: SentBatch, _stream: BatchStream): Uint8Array {
    return payload;
  }

  /**
   * Whether batches are kept until their receiver acknowledges them. Then one may be published at
   * QoS 0, as it can be repeated, and the queue counts it until it is acknowledged.
   */
  protected get keeps(): boolean {
    return false;
  }

  /** The broker has a batch of the stream. */
  protected published(): void {}

  /** The broker has everything that did not expire. */
  protected drained(): void {
    this.queue.senders.delete(this);
  }

  /** Whether the batch under construction has room for so many bytes. */
  protected hasRoom(bytes: number): boolean {
    return this.#batch.bytes + bytes <= this.queue.batchBytesTarget;
  }

  /** The batch under construction, or a new one if it has no room for so many bytes. */
  protected batchFor(bytes: number): CommandBatch {
    if (this.#batch.items > 0 && !this.hasRoom(bytes)) {
      this.#full.push(this.#batch);
      this.#batch = new CommandBatch(this.queue.json, this.#batch);
    }
    return this.#batch;
  }

  /** A command was written to the batch: it goes out at the end of this turn. */
  protected written(): void {
    this.#commands++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.queue.clock.endOfTurn(this.#endOfTurn);
  }

  /** Begins another stream: nothing of the present one is repeated any more. */
  renew(): void {
    const { stream } = this;
    stream.reliable.acknowledgedBy = "transport";
    if (stream.unsettledBytes > 0) this.#former.add(stream);
    this.stream = this.#newStream();
  }

  get #reaches(): boolean {
    const { link } = this.queue;
    return link.up && (link.reaches?.(this.topic) ?? true);
  }

  #newStream(): BatchStream {
    const flow = {
      take: (inFlight: number) => (stream === this.stream ? this.#take(inFlight) : undefined),
      publish: (batch: SentBatch, answered: PublishAnswer, atMostOnce: boolean) =>
        this.#publish(stream, batch, { answered, atMostOnce }),
      acknowledged: (batch: SentBatch) => this.#settle(stream, batch),
      progressed: () => this.#progressed(stream),
    };
    const reliable = new ReliableSender<SentBatch>(this.queue.clock, flow, "receiver");
    reliable.inFlightTarget = reliable.inFlightMax = this.#inFlight.max;
    reliable.probeMsMax = originLimits.probeMs;
    const stream = { name: this.#streamName(), reliable, unsettledBytes: 0 };
    this.#reached = this.#reaches;
    reliable.connected(this.#reached);
    return stream;
  }

  /**
   * The next batch. It is numbered when it goes out for the first time, so that what expired
   * before leaves no gap.
   */
  #take(inFlight: number): SentBatch | undefined {
    const { stream } = this;
    if (stream.unsettledBytes >= originLimits.unsettledBytesMax) return undefined;
    while (this.#full.length > 0 || (this.#batch.items > 0 && inFlight < this.#inFlight.target)) {
      const batch = this.#full.shift() ?? this.#batch;
      const { items, bytes } = batch;
      this.#expired += batch.expire();
      this.#commands -= items - batch.items;
      if (batch.items > 0) {
        const { next: first } = stream.reliable;
        const count = batch.items;
        const payload = this.encode(batch);
        const sent = { first, count, payload, bytes, settled: false };
        stream.unsettledBytes += payload.byteLength;
        return sent;
      }
      this.queue.settle(bytes);
    }
    return undefined;
  }

  #publish(
    stream: BatchStream,
    batch: SentBatch,
    { answered, atMostOnce: mayBeLost }: Publishing,
  ): void {
    const { link } = this.queue;
    const isKept = stream === this.stream && this.keeps;
    const atMostOnce = mayBeLost && isKept && link.streamQos === 0;
    const done = (error?: ServiceError): void => {
      if (error === undefined && !atMostOnce) this.#settle(stream, batch);
      if (error !== undefined && error.code !== "broker-lost" && !batch.settled) {
        this.#settle(stream, batch);
        // The batch is lost. Its receiver would wait for it, so another stream begins.
        if (stream === this.stream) this.renew();
        this.queue.failed(error);
      }
      const keeps = stream === this.stream && this.keeps;
      stream.reliable.acknowledgedBy = keeps ? "receiver" : "transport";
      answered(error);
    };
    const payload = this.payload(batch, stream);
    // The bytes before the batch in its buffer are unused: `CommandBatch` leaves them as room.
    if (atMostOnce) link.publishAtMostOnce(this.topic, payload, done, payload.byteOffset);
    else link.publish(this.topic, payload, done);
  }

  #settle(stream: BatchStream, batch: SentBatch): void {
    if (batch.settled) return;
    batch.settled = true;
    this.#commands -= batch.count;
    stream.unsettledBytes -= batch.payload.byteLength;
    this.queue.settle(batch.bytes);
  }

  #progressed(stream: BatchStream): void {
    if (stream === this.stream) this.published();
    else if (stream.unsettledBytes === 0) this.#former.delete(stream);
    this.#afterwards();
  }

  /** Reports what expired. Called last, because a handler of `error` may send more commands. */
  #afterwards(): void {
    const expired = this.#expired;
    this.#expired = 0;
    if (expired > 0) {
      const message = `${expired} commands for ${this.topic} were older than their ttl`;
      this.queue.failed(new ServiceError("message-expired", message));
    }
    if (this.#commands === 0) this.drained();
  }
}
