import { type CloseCause, limits, type ServiceError } from "../base/mod.ts";
import type { Connection } from "../connection/mod.ts";
import { BareEvents } from "./bare-events.ts";
import {
  aliveItems,
  batchBytesTarget,
  type Destination,
  type Fit,
  fitBatch,
} from "./batch-splitter.ts";
import type { NumberedBatch } from "./batch-window.ts";
import { DepartedConnections } from "./departed-connections.ts";
import type { EventStreamOptions, EventStreamParts } from "./event-stream-options.ts";
import { closeEvent, knownOf } from "./introduction.ts";
import { PausedConnections } from "./paused-connections.ts";
import { StreamWindow } from "./stream-window.ts";

/**
 * One numbered flow of events to one destination: a buffer of the codec, its publishing once per
 * turn, and the window of what is not confirmed. In open mode the transport confirms, in assigned
 * mode the origin does. When the window is full, the connections that go on talking are not read
 * any more until it has room again.
 */
export class EventStream {
  readonly buffer: number;
  readonly departed: DepartedConnections = new DepartedConnections();
  readonly #parts: EventStreamParts;
  readonly #options: EventStreamOptions;
  /** What is not confirmed. */
  readonly window: StreamWindow;
  /** Publishes that the transport has not answered. */
  #inFlight = 0;
  #connected = false;
  #frozen = false;
  /** Surrendered: late answers of the transport find nothing to do; its buffer is another's. */
  #ended = false;
  #scheduled = false;
  #refused: ServiceError | undefined;
  readonly bare: BareEvents;
  readonly #paused: PausedConnections = new PausedConnections();
  readonly #settled: (() => void)[] = [];
  readonly #endOfTurn = (): void => {
    this.#scheduled = false;
    this.#pump();
  };

  constructor(parts: EventStreamParts, options: EventStreamOptions) {
    this.#parts = parts;
    this.#options = options;
    this.window = new StreamWindow(options);
    this.buffer = parts.codec.events.openBuffer(options.stream);
    this.bare = new BareEvents(parts.channel, (error) => this.#failed(error));
  }

  get name(): string {
    return this.#options.stream;
  }

  /** Bytes of events that are not confirmed: in the batch buffer, waiting, or published. */
  get unconfirmedBytes(): number {
    return this.#parts.codec.events.bufferBytes(this.buffer) + this.window.bytes;
  }

  get windowFull(): boolean {
    return this.window.full;
  }

  /** Whether what is written goes out now: somebody takes it, and the broker is there. */
  get flows(): boolean {
    return this.#connected && this.#options.destination !== undefined;
  }

  /** No room for a further connection: whoever it is would fill the node's memory. */
  get bytesFull(): boolean {
    return this.#liveBytes >= this.#options.windowBytesMax;
  }

  /** Why the broker takes nothing for the origin: what is held is to go to another one. */
  get refused(): ServiceError | undefined {
    return this.#refused;
  }

  get pausedConnections(): number {
    return this.#paused.size;
  }

  /** Number of the next item. */
  get next(): number {
    return this.#parts.codec.events.bufferNext(this.buffer);
  }

  /** Whether the channel can publish. While it cannot, events wait inside the window. */
  connected(connected: boolean): void {
    this.#connected = connected;
    if (!connected) return;
    // The channel repeats what it holds itself; what only the origin confirms is ours to repeat.
    if (this.confirmedByOrigin) this.repeat(this.window.confirmed);
    this.#pump();
  }

  /** Something was written to the batch buffer: it is published at the end of this turn. */
  written(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#parts.clock.endOfTurn(this.#endOfTurn);
  }

  /** Adds an event that is no message, or one again: never refused. As JSON in its own batch. */
  append(item: readonly unknown[], json = false): number {
    const { codec, channel } = this.#parts;
    const bytes = codec.values.encodeValue(item);
    const alone = json && !this.#options.json;
    // What another stream gave up comes all at once, and brokers limit a packet.
    const full = codec.events.bufferBytes(this.buffer) + bytes.length > batchBytesTarget(channel);
    if (alone || full) this.#take();
    codec.events.append(this.buffer, bytes);
    if (alone) this.#take(true);
    this.written();
    return bytes.length;
  }

  /** Adds a `connect`, which fills no window but that of handshakes. */
  appendConnect(item: readonly unknown[]): void {
    const bytes = this.append(item);
    this.window.wroteConnect(this.next, bytes);
  }

  /** Tells that these connections are there, in as many items as a packet of the broker needs. */
  alive(ids: readonly string[]): void {
    for (const item of aliveItems(this.#parts.channel, ids)) this.append(item);
  }

  /** After a message of this connection: stops reading it while the window is full. */
  hold(connection: Connection): void {
    if (!this.windowFull || connection.paused || connection.closing !== undefined) return;
    if (this.#paused.pause(connection)) {
      this.#parts.metrics.pauses.add(1);
    } else if (this.#liveBytes > 2 * this.#options.windowBytesMax) {
      this.#options.overload(connection);
    }
  }

  /** A connection is not resumed any more: it is closed, or another stream's. */
  forget(connection: Connection): void {
    this.#paused.forget(connection);
  }

  /** A connection is closed: this is its last event. */
  closed(connection: Connection, closeCode: number, closeReason: string, cause: CloseCause): void {
    const { codec } = this.#parts;
    const known = knownOf(codec, connection);
    const seq = codec.events.takeSeq(connection.slot);
    this.append(closeEvent(codec, known, [seq, closeCode, closeReason, cause]));
    this.forget(connection);
    // What is told in open mode goes to nobody else.
    if (!this.isOpen) this.departed.add(known, this.next);
  }

  /** The batch buffer takes no further message: its batch joins those that wait. */
  bufferFull(): void {
    this.#take();
    this.#pump();
  }

  /** Publishes outside the numbering: how an `ack` travels. Dropped while not connected. */
  publishBare(items: readonly (readonly unknown[])[], json = false): void {
    const { destination } = this.#options;
    if (!this.#connected || destination === undefined) return;
    this.bare.publish(destination, items, json ? { ...this.#fit, json } : this.#fit);
  }

  /** The origin has handled every item below `count`. False where that says nothing new. */
  acknowledge(count: number): boolean {
    if (!this.window.confirm(count)) return false;
    this.departed.confirm(count);
    this.#pump();
    this.#roomAgain();
    return true;
  }

  /** Publishes again what the window holds from item `count` on. */
  repeat(count: number): void {
    this.window.rewind(count);
    this.#pump();
  }

  /**
   * Publishes the oldest unconfirmed batch once more: a live origin answers with its count. The
   * number after it.
   */
  probe(): number | undefined {
    const batch = this.window.oldest();
    if (batch === undefined || !this.#connected) return undefined;
    this.#publish(batch);
    return batch.first + batch.count;
  }

  /** Publishes what is there (answers are for this origin alone), and nothing new any more. */
  freeze(): void {
    if (this.#connected && !this.window.closed) {
      this.#take();
      this.#publishTaken();
    }
    this.#frozen = true;
  }

  /**
   * Gives up every item that is not confirmed, in order, and the connections that were not read.
   * The stream is not used afterwards; its batch buffer is empty.
   */
  takeUnacknowledged(): { items: unknown[][]; paused: Connection[] } {
    this.#take();
    this.#ended = true;
    const items = this.window.takeUnacknowledged(this.#parts.codec);
    for (const resolve of this.#settled.splice(0)) resolve();
    return { items, paused: this.#paused.take() };
  }

  /** Resolves when everything written so far is confirmed. */
  settled(): Promise<void> {
    this.#pump();
    if (this.unconfirmedBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  get confirmedByOrigin(): boolean {
    return this.#options.destination !== undefined && !this.isOpen;
  }

  /** One that everybody hears, in open mode. */
  get isOpen(): boolean {
    return "partition" in (this.#options.destination ?? {});
  }

  /** Without those of handshakes. */
  get #liveBytes(): number {
    return this.unconfirmedBytes - this.window.connectBytes;
  }

  #take(json?: boolean): void {
    const { codec } = this.#parts;
    const count = codec.events.bufferItems(this.buffer);
    if (count === 0) return;
    const first = codec.events.bufferNext(this.buffer) - count;
    this.window.push({ first, count, payload: codec.events.takeBatch(this.buffer), json });
  }

  /**
   * Publishes what may be published. While a publish is in flight the buffer is left to grow until
   * it is answered: batches get larger under load instead of more.
   */
  #pump(): void {
    if (!this.flows || this.#ended || this.#refused !== undefined) return;
    this.#publishTaken();
    if (this.#frozen || this.#inFlight >= limits.publishesInFlightTarget || this.window.closed)
      return;
    this.#take();
    this.#publishTaken();
  }

  #publishTaken(): void {
    while (this.#inFlight < limits.eventWindowBatchesMax) {
      if (this.#frozen && this.window.nextIsNew) return;
      const batch = this.window.publishNext();
      if (batch === undefined) return;
      this.#publish(batch);
    }
  }

  #publish(batch: NumberedBatch): void {
    const { channel, metrics } = this.#parts;
    const pieces = fitBatch(batch, this.#fit);
    this.#inFlight += pieces.length;
    const destination = this.#options.destination as Destination;
    for (const piece of pieces) {
      metrics.batchesPublished.add(1);
      metrics.batchBytesPublished.add(piece.payload.byteLength);
      channel.publish(destination, piece.payload, (error) => this.#answered(piece, error));
    }
  }

  #answered(batch: NumberedBatch, error: ServiceError | undefined): void {
    if (this.#ended) return;
    this.#inFlight--;
    if (error !== undefined) this.#failed(error);
    if (!this.confirmedByOrigin) this.window.confirm(batch.first + batch.count);
    if (error?.code === "no-subscriber") this.#parts.unheard?.(this, batch);
    this.#pump();
    this.#roomAgain();
  }

  /** To a partition what failed is lost. An origin's is sent again, unless that cannot help. */
  #failed(error: ServiceError): void {
    const { code } = error;
    this.#parts.metrics.error(code);
    if (!this.confirmedByOrigin) this.#options.lost(code);
    else if (code === "publish-refused" || code === "batch-too-big") this.#refused = error;
  }

  get #fit(): Fit {
    const { codec, channel } = this.#parts;
    const { json, unfit } = this.#options;
    return { codec, bytesMax: channel.batchBytesMax, json, unfit };
  }

  #roomAgain(): void {
    if (this.#paused.size > 0 && !this.windowFull) this.#paused.resume();
    if (this.#settled.length === 0 || this.unconfirmedBytes > 0) return;
    for (const resolve of this.#settled.splice(0)) resolve();
  }
}
