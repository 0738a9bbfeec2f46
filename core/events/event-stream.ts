import { type CloseCause, closeReasons, limits, ServiceError } from "../base/mod.ts";
import type { Connection, ConnectionStream, Connections } from "../connection/mod.ts";
import type {
  Cancel,
  Clock,
  EventChannel,
  EventEncoder,
  Logger,
  MessageKind,
  ValueCodec,
} from "../ports/mod.ts";
import { type ItemRange, type PublishAnswer, ReliableSender } from "../streams/mod.ts";
import type { GatewayMetrics } from "../telemetry/mod.ts";
import { BareEvents } from "./bare-events.ts";
import {
  aliveItems,
  BatchSplitter,
  batchBytesTarget,
  type Destination,
  type EventBatch,
} from "./batch-splitter.ts";
import { DepartedConnections } from "./departed-connections.ts";
import { closeEvent, knownOf } from "./introduction.ts";
import { PausedConnections } from "./paused-connections.ts";
import { StreamWindow } from "./stream-window.ts";

/** What the event streams of an app work with. */
export interface EventDependencies {
  readonly events: EventEncoder;
  readonly values: ValueCodec;
  readonly channel: EventChannel;
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  /** The connections of the app. */
  readonly registry: Connections;
  /** Open mode: these items were published, and the broker says that nobody subscribes. */
  readonly noSubscribers?: ((stream: EventStream, items: ItemRange) => void) | undefined;
}

/** What distinguishes one stream from the others. */
export interface EventStreamSettings {
  /** Names the ordered flow: this publisher incarnation to this destination. */
  readonly name: string;
  /** Undefined while no origin is there: the events wait. */
  readonly destination: Destination | undefined;
  /** Batches are published as JSON in place of MessagePack. */
  readonly json: boolean;
  /** At so many bytes that are not acknowledged, sockets are not read. */
  readonly windowBytesMax: number;
  /** At so many items that are not acknowledged, sockets are not read. */
  readonly windowItemsMax: number;
}

/**
 * One numbered stream of events to one destination. It owns a batch buffer of the codec, and a
 * reliable sender publishes the buffer once per turn of the event loop. In open mode the transport
 * acknowledges the events, in assigned mode the origin does. While the window of unacknowledged
 * events is full, the stream pauses connections that send more.
 */
export class EventStream implements ConnectionStream {
  readonly buffer: number;
  readonly departed: DepartedConnections = new DepartedConnections();
  readonly bare: BareEvents;
  /** Open mode: every subscriber of the partition gets these events. */
  readonly isOpen: boolean;
  readonly #dependencies: EventDependencies;
  readonly #settings: EventStreamSettings;
  readonly #sender: ReliableSender<EventBatch>;
  readonly #window: StreamWindow;
  readonly #splitter: BatchSplitter;
  readonly #paused: PausedConnections = new PausedConnections();
  readonly #settledWaiters: (() => void)[] = [];
  #connected = false;
  /** Counts connects, disconnects and the end, so that a retry knows that it is obsolete. */
  #session = 0;
  #everConnected = false;
  /** Open mode: until this time a batch without a subscriber is published again. */
  #retryUntil = 0;
  #cancelReturn: Cancel = () => {};
  #scheduled = false;
  #refused: ServiceError | undefined;
  readonly #endOfTurn = (): void => {
    this.#scheduled = false;
    this.#sender.pump();
  };

  constructor(dependencies: EventDependencies, settings: EventStreamSettings) {
    const { events, values, channel, clock } = dependencies;
    const { destination, windowBytesMax, windowItemsMax } = settings;
    this.#dependencies = dependencies;
    this.#settings = settings;
    this.isOpen = destination !== undefined && "partition" in destination;
    this.buffer = events.openBuffer(settings.name);
    this.bare = new BareEvents(channel, values, (error) => this.#failed(error));
    this.#splitter = new BatchSplitter(values, channel, (item) => this.#oversized(item));
    const flow = {
      take: () => (this.#window.closed ? undefined : this.#takeBuffer()),
      publish: (batch: EventBatch, answered: PublishAnswer) => this.#publish(batch, answered),
      progressed: () => this.#progressed(),
    };
    this.#sender = new ReliableSender(clock, flow, this.isOpen ? "transport" : "receiver");
    this.#window = new StreamWindow(this.#sender, windowBytesMax, windowItemsMax);
  }

  get name(): string {
    return this.#settings.name;
  }

  /** Bytes of events that are not acknowledged: in the batch buffer, waiting, or published. */
  get unconfirmedBytes(): number {
    return this.#dependencies.events.bufferBytes(this.buffer) + this.#sender.bytes;
  }

  /** Every item below is acknowledged. */
  get acknowledged(): number {
    return this.#sender.acknowledged;
  }

  /** Everything that was published is acknowledged. */
  get idle(): boolean {
    return this.#sender.idle;
  }

  /** How long nothing was acknowledged although something was published; 0 while idle. */
  get silentMs(): number {
    return this.#sender.silentMs;
  }

  get windowFull(): boolean {
    return this.#window.full;
  }

  /** Handshakes fill their budget: no further `connect` may be appended. */
  get connectsFull(): boolean {
    return this.#window.connectsFull;
  }

  /** The stream has a destination, and the broker is connected. */
  get canPublish(): boolean {
    return this.#connected && this.#settings.destination !== undefined;
  }

  /** The events use all the memory that they may: no further connection may join. */
  get bytesFull(): boolean {
    return this.#liveBytes >= this.#settings.windowBytesMax;
  }

  /** Why the broker refuses publishes to the origin. Its events must go to another origin. */
  get refused(): ServiceError | undefined {
    return this.#refused;
  }

  get pausedConnections(): number {
    return this.#paused.size;
  }

  /** Number of the next item. */
  get next(): number {
    return this.#dependencies.events.bufferNext(this.buffer);
  }

  /** The destination is an origin, which acknowledges the events. */
  get toOrigin(): boolean {
    return this.#settings.destination !== undefined && !this.isOpen;
  }

  /** The channel can publish, or cannot. While it cannot, events wait in the window. */
  connected(connected: boolean): void {
    const returns = connected && this.#everConnected && this.isOpen;
    this.#connected = connected;
    this.#session++;
    this.#everConnected ||= connected;
    this.#cancelReturn();
    this.#retryUntil = 0;
    this.#sender.inFlightMax = limits.eventWindowBatchesMax;
    if (returns) this.#awaitSubscribers();
    else this.#sender.connected(this.canPublish && this.#refused === undefined);
  }

  /** Writes a message of the connection with this slot. Returns its size in bytes. */
  writeText(slot: number, text: string): number {
    const { events } = this.#dependencies;
    if (!events.text(slot, text)) {
      this.bufferFull();
      events.text(slot, text);
    }
    return events.textBytes();
  }

  /** Writes a message from bytes. The bytes of a text must be valid UTF-8. */
  writeBytes(slot: number, kind: MessageKind, data: Uint8Array): void {
    const { events } = this.#dependencies;
    if (events.bytes(slot, kind, data)) return;
    this.bufferFull();
    events.bytes(slot, kind, data);
  }

  /** The batch buffer has no room for a message: its batch is taken, and it is empty then. */
  bufferFull(): void {
    this.#takeFull();
    this.#sender.pump();
  }

  /** Something was written to the batch buffer. It is published at the end of this turn. */
  written(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#dependencies.clock.endOfTurn(this.#endOfTurn);
  }

  /**
   * Adds an event that is no message, or a message that another stream gave up. It is never
   * refused. With `json` it goes out as JSON, in a batch of its own.
   */
  append(item: readonly unknown[], json: boolean = false): number {
    const { events, values, channel } = this.#dependencies;
    const bytes = values.encodeValue(item);
    const alone = json && !this.#settings.json;
    // Many events of another stream may come at once, and brokers limit the size of a packet.
    const full = events.bufferBytes(this.buffer) + bytes.length > batchBytesTarget(channel);
    if (alone || full) this.#takeFull();
    events.append(this.buffer, bytes);
    if (alone) this.#takeFull(true);
    this.written();
    return bytes.length;
  }

  /** Adds a `connect`, which counts in the budget of handshakes alone. */
  appendConnect(item: readonly unknown[]): void {
    const bytes = this.append(item);
    this.#window.wroteConnect(this.next, bytes);
  }

  /** Tells that these connections are there, in as many items as a packet of the broker needs. */
  alive(ids: readonly string[]): void {
    for (const item of aliveItems(this.#dependencies.channel, ids)) this.append(item);
  }

  /** After a message of this connection: stops reading it while the window is full. */
  pauseIfFull(connection: Connection): void {
    if (!this.windowFull || connection.paused || connection.closing !== undefined) return;
    if (this.#paused.pause(connection)) {
      this.#dependencies.metrics.pauses.add(1);
    } else if (this.#liveBytes > 2 * this.#settings.windowBytesMax) {
      connection.close(closeReasons.windowFull);
    }
  }

  /** A connection is closed or moved: this stream does not resume it any more. */
  forget(connection: Connection): void {
    this.#paused.forget(connection);
  }

  /** A connection is closed: this is its last event. */
  closed(connection: Connection, closeCode: number, closeReason: string, cause: CloseCause): void {
    const { events, values } = this.#dependencies;
    const known = knownOf(events, connection);
    const seq = events.takeSeq(connection.slot);
    this.append(closeEvent(values, known, { seq, closeCode, closeReason, cause }));
    this.forget(connection);
    // Events of open mode never move to another origin.
    if (!this.isOpen) this.departed.add(known, this.next);
  }

  /** Publishes unnumbered items, such as an `ack`. They are dropped while not connected. */
  publishBare(items: readonly (readonly unknown[])[], json: boolean = false): void {
    const { destination, json: always } = this.#settings;
    if (!this.#connected || destination === undefined) return;
    this.bare.publish(destination, items, json || always);
  }

  /**
   * The origin has handled every item below `count`. With `received` it misses items from that
   * number on. Returns whether the stream publishes something again.
   */
  acknowledge(count: number, received?: number): boolean {
    return this.#sender.acknowledge(count, received);
  }

  /** Probes an origin that is silent for long; true if it did. Called once a second. */
  probe(): boolean {
    return this.#sender.probe();
  }

  /** Publishes what is there, because replies are for this origin alone, and nothing new. */
  freeze(): void {
    this.#sender.freeze();
  }

  /**
   * Gives up every item that is not acknowledged, in order, and the connections that were not
   * read. The stream is not used afterwards; its batch buffer is empty.
   */
  takeUnacknowledged(): { items: unknown[][]; paused: Connection[] } {
    this.#takeFull();
    const { acknowledged } = this.#sender;
    const items: unknown[][] = [];
    for (const { first, payload } of this.#sender.takeUnacknowledged()) {
      const [, , , batch] = this.#dependencies.values.decodeValue(payload) as [
        0,
        0,
        0,
        unknown[][],
      ];
      items.push(...batch.slice(Math.max(0, acknowledged - first)));
    }
    this.#session++;
    this.#cancelReturn();
    for (const resolve of this.#settledWaiters.splice(0)) resolve();
    return { items, paused: this.#paused.take() };
  }

  /** Resolves when everything written so far is acknowledged. */
  settled(): Promise<void> {
    this.#sender.pump();
    if (this.unconfirmedBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#settledWaiters.push(resolve));
  }

  /** `unconfirmedBytes` without handshakes. */
  get #liveBytes(): number {
    return this.unconfirmedBytes - this.#window.connectBytes;
  }

  /** Takes the content of the batch buffer; undefined if it is empty. */
  #takeBuffer(json?: boolean): EventBatch | undefined {
    const { events } = this.#dependencies;
    const count = events.bufferItems(this.buffer);
    if (count === 0) return undefined;
    const first = events.bufferNext(this.buffer) - count;
    this.#window.took();
    return { first, count, payload: events.takeBatch(this.buffer), json };
  }

  #takeFull(json?: boolean): void {
    const batch = this.#takeBuffer(json);
    if (batch !== undefined) this.#sender.add(batch);
  }

  /**
   * After an outage of the broker its subscribers reconnect at about the same time as this node.
   * They miss what is published before they have subscribed again, although the broker confirms
   * it. If the channel tells whether there are subscribers, one batch at a time is published until
   * one is there. Otherwise the stream waits for a moment.
   */
  #awaitSubscribers(): void {
    const { channel, clock } = this.#dependencies;
    if (channel.knowsSubscribers) {
      this.#retryUntil = clock.now() + limits.resubscribeMsMax;
      this.#sender.inFlightMax = 1;
      this.#sender.connected(true);
    } else {
      this.#cancelReturn = clock.after(limits.resubscribeMs, () => this.#sender.connected(true));
    }
  }

  #publish(batch: EventBatch, answered: PublishAnswer): void {
    const { metrics } = this.#dependencies;
    const pieces = this.#splitter.split(batch, batch.json === true || this.#settings.json);
    let unanswered = pieces.length;
    let lost: ServiceError | undefined;
    for (const piece of pieces) {
      metrics.batchesPublished.add(1);
      metrics.batchBytesPublished.add(piece.payload.byteLength);
      this.#publishPiece(piece, (error) => {
        if (error?.code === "broker-lost") lost = error;
        unanswered--;
        if (unanswered === 0) answered(lost);
      });
    }
  }

  #publishPiece(piece: EventBatch, answered: PublishAnswer): void {
    const { channel, clock, noSubscribers } = this.#dependencies;
    const destination = this.#settings.destination as Destination;
    channel.publish(destination, piece.payload, (error) => {
      if (error?.code === "no-subscriber" && clock.now() < this.#retryUntil) {
        const session = this.#session;
        clock.after(limits.resubscribeEveryMs, () => {
          // In another session the sender publishes the batch itself.
          if (session === this.#session) this.#publishPiece(piece, answered);
          else answered(new ServiceError("broker-lost", "the broker was asked for subscribers"));
        });
        return;
      }
      if (error !== undefined) this.#failed(error);
      if (error?.code === "no-subscriber") noSubscribers?.(this, piece);
      if (error?.code !== "broker-lost") this.#retryUntil = 0;
      answered(error);
    });
  }

  #progressed(): void {
    const { acknowledged } = this.#sender;
    if (this.#retryUntil === 0) this.#sender.inFlightMax = limits.eventWindowBatchesMax;
    this.#window.acknowledged(acknowledged);
    this.departed.confirm(acknowledged);
    if (this.#paused.size > 0 && !this.windowFull) this.#paused.resume();
    if (this.#settledWaiters.length === 0 || this.unconfirmedBytes > 0) return;
    for (const resolve of this.#settledWaiters.splice(0)) resolve();
  }

  /** A publish failed: its events are lost in open mode, and repeated in assigned mode. */
  #failed(error: ServiceError): void {
    const { metrics, logger } = this.#dependencies;
    const { code } = error;
    if (this.toOrigin) {
      metrics.error(code);
      if (code !== "publish-refused" && code !== "batch-too-big") return;
      this.#refused = error;
      this.#sender.connected(false);
    } else if (code !== "broker-lost") {
      metrics.error(code);
      // A missing subscriber is no fault of this node, and each batch would log it.
      const level = code === "no-subscriber" ? "debug" : "error";
      logger.log(level, "events-lost", "a batch of events is lost", { code });
    }
  }

  /** An item is larger than a packet of the broker may be. */
  #oversized([verb, id]: readonly unknown[]): void {
    const { metrics, logger, registry } = this.#dependencies;
    const code = verb === "message" ? "message-too-big" : "batch-too-big";
    logger.log("warn", "event-unfit", "an event is larger than a packet of the broker may be", {
      code,
      verb: String(verb),
      // The second element of a reply is the `ref` of its command: any value.
      ...(verb === "reply" ? {} : { connection: String(id) }),
    });
    // An origin must not get messages of a connection that it was not told of.
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
