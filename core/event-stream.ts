import type { ServiceError } from "./base/mod.ts";
import { limits } from "./base/mod.ts";
import type { Connection } from "./connection.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { Clock, Codec, EventDestination, OriginChannel } from "./ports/mod.ts";

export interface EventStreamOptions {
  /** Names the ordered flow: this publisher incarnation to this destination. */
  readonly stream: string;
  readonly destination: EventDestination;
  /** Bytes of batches that are not confirmed yet; past it sockets are not read. */
  readonly windowBytesMax: number;
  /** What to do with a connection that cannot be paused and whose window is full. */
  readonly overload: (connection: Connection) => void;
  /** The batch as it is published: MessagePack, or its JSON form. */
  readonly json: boolean;
}

export interface EventStreamParts {
  readonly codec: Codec;
  readonly channel: OriginChannel;
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
}

/**
 * One numbered flow of events to one destination: a lane of the codec, its publishing once per
 * turn, and the window of what is not confirmed. When the window is full, the connections that
 * go on talking are not read any more until it has room again.
 */
export class EventStream {
  readonly lane: number;
  readonly #parts: EventStreamParts;
  readonly #options: EventStreamOptions;
  /** Batches taken from the lane that wait for the channel. Bounded by the window. */
  #waiting: Uint8Array<ArrayBuffer>[] = [];
  #waitingBytes = 0;
  #publishedBatches = 0;
  #publishedBytes = 0;
  #connected = false;
  #scheduled = false;
  readonly #paused = new Set<Connection>();
  readonly #idle: (() => void)[] = [];
  readonly #endOfTurn = (): void => {
    this.#scheduled = false;
    this.#pump(false);
  };

  constructor(parts: EventStreamParts, options: EventStreamOptions) {
    this.#parts = parts;
    this.#options = options;
    this.lane = parts.codec.openLane(options.stream);
  }

  /** Bytes of events that are not confirmed: in the lane, waiting, or published. */
  get unconfirmedBytes(): number {
    const lane = this.#parts.codec.laneBytes(this.lane);
    return lane + this.#waitingBytes + this.#publishedBytes;
  }

  get windowFull(): boolean {
    return this.#waitingBytes + this.#publishedBytes >= this.#options.windowBytesMax;
  }

  get pausedConnections(): number {
    return this.#paused.size;
  }

  /** Whether the channel can publish. While it cannot, events wait inside the window. */
  connected(connected: boolean): void {
    this.#connected = connected;
    if (connected) this.#pump(false);
  }

  /** Something was written to the lane: it is published at the end of this turn. */
  written(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#parts.clock.endOfTurn(this.#endOfTurn);
  }

  /** Adds an event that is not a message. It is never refused: there are few of these. */
  append(item: readonly unknown[]): void {
    this.#parts.codec.append(this.lane, this.#parts.codec.encodeValue(item));
    this.written();
  }

  /** After a message of this connection: stops reading it while the window is full. */
  hold(connection: Connection): void {
    if (!this.windowFull || connection.paused || connection.closing !== undefined) return;
    if (connection.socket.pause()) {
      connection.paused = true;
      this.#paused.add(connection);
      this.#parts.metrics.pauses.add(1);
    } else if (this.unconfirmedBytes > 2 * this.#options.windowBytesMax) {
      this.#options.overload(connection);
    }
  }

  /** A connection is gone: it is not resumed any more. */
  forget(connection: Connection): void {
    if (!connection.paused) return;
    connection.paused = false;
    this.#paused.delete(connection);
  }

  /** The lane takes no further message: its batch joins those that wait. */
  laneFull(): void {
    this.#pump(true);
  }

  /** Publishes outside the numbering: how an `ack` travels. Dropped while not connected. */
  publishBare(item: readonly unknown[]): void {
    if (!this.#connected) return;
    const bytes = this.#parts.codec.encodeValue([item]);
    this.#publish(new Uint8Array(bytes));
  }

  /** Resolves when everything written so far is confirmed. */
  settled(): Promise<void> {
    this.#pump(false);
    if (this.unconfirmedBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #take(): void {
    const codec = this.#parts.codec;
    if (codec.laneItems(this.lane) === 0) return;
    const batch = codec.takeBatch(this.lane);
    const bytes = this.#options.json ? new Uint8Array(codec.toJson(batch)) : batch;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.byteLength;
  }

  #canPublish(): boolean {
    return (
      this.#connected &&
      this.#publishedBatches < limits.eventWindowBatchesMax &&
      this.#publishedBytes < this.#options.windowBytesMax
    );
  }

  /**
   * Publishes what may be published. Past a few publishes in flight the lane is left to grow
   * until one is confirmed: batches get larger under load instead of more.
   */
  #pump(full: boolean): void {
    if (full) this.#take();
    while (this.#waiting.length > 0 && this.#canPublish()) {
      const batch = this.#waiting.shift() as Uint8Array<ArrayBuffer>;
      this.#waitingBytes -= batch.byteLength;
      this.#publish(batch);
    }
    if (this.#publishedBatches >= limits.publishesInFlightTarget || !this.#canPublish()) return;
    this.#take();
    const batch = this.#waiting.pop();
    if (batch === undefined) return;
    this.#waitingBytes -= batch.byteLength;
    this.#publish(batch);
  }

  #publish(batch: Uint8Array<ArrayBuffer>): void {
    const bytes = batch.byteLength;
    this.#publishedBatches++;
    this.#publishedBytes += bytes;
    this.#parts.metrics.batchesPublished.add(1);
    this.#parts.metrics.batchBytesPublished.add(bytes);
    this.#parts.channel.publish(this.#options.destination, batch, (error) => {
      this.#confirmed(bytes, error);
    });
  }

  #confirmed(bytes: number, error: ServiceError | undefined): void {
    this.#publishedBatches--;
    this.#publishedBytes -= bytes;
    if (error !== undefined) this.#parts.metrics.error(error.code);
    this.#pump(false);
    if (!this.windowFull && this.#paused.size > 0) this.#resume();
    if (this.#idle.length > 0 && this.unconfirmedBytes === 0) {
      for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  #resume(): void {
    const connections = [...this.#paused];
    this.#paused.clear();
    for (const connection of connections) {
      connection.paused = false;
      if (connection.closing === undefined) connection.socket.resume();
    }
  }
}
