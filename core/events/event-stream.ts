import { type CloseCause, limits, ServiceError } from "../base/mod.ts";
import {
  type Connection,
  type ConnectionStream,
  type Connections,
  closeReasons,
} from "../connection/mod.ts";
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
export interface EventServices {
  readonly events: EventEncoder;
  readonly values: ValueCodec;
  readonly channel: EventChannel;
  readonly clock: Clock;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  /** The connections of the app. */
  readonly registry: Connections;
  /** In open mode: the broker had nobody to give these items to. */
  readonly noSubscribers?: ((stream: EventStream, items: ItemRange) => void) | undefined;
}

/** What one stream is. */
export interface EventStreamSettings {
  /** Names the ordered flow: this publisher incarnation to this destination. */
  readonly name: string;
  /** Undefined: nobody takes these events yet. */
  readonly destination: Destination | undefined;
  /** Batches are published as JSON in place of MessagePack. */
  readonly json: boolean;
  /** Bytes of batches that are not acknowledged yet; past it sockets are not read. */
  readonly windowBytesMax: number;
  /** Items of these, likewise. */
  readonly windowItemsMax: number;
}

/**
 * One numbered flow of events to one destination: a batch buffer of the codec, published once per
 * turn by a reliable sender. In open mode the transport acknowledges, in assigned mode the origin
 * does. When the window of what is not acknowledged is full, the connections that go on talking
 * are not read any more until it has room again.
 */
export class EventStream implements ConnectionStream {
  readonly buffer: number;
  readonly departed: DepartedConnections = new DepartedConnections();
  readonly bare: BareEvents;
  /** Open mode: every subscriber of the partition gets these events. */
  readonly isOpen: boolean;
  readonly #services: EventServices;
  readonly #settings: EventStreamSettings;
  readonly #sender: ReliableSender<EventBatch>;
  readonly #window: StreamWindow;
  readonly #splitter: BatchSplitter;
  readonly #paused: PausedConnections = new PausedConnections();
  readonly #settled: (() => void)[] = [];
  #connected = false;
  #everConnected = false;
  /** Open mode: until then a batch that nobody subscribes to is published again. */
  #askUntil = 0;
  #cancelReturn: Cancel = () => {};
  #scheduled = false;
  #refused: ServiceError | undefined;
  readonly #endOfTurn = (): void => {
    this.#scheduled = false;
    this.#sender.pump();
  };

  constructor(services: EventServices, settings: EventStreamSettings) {
    const { events, values, channel, clock } = services;
    const { destination, windowBytesMax, windowItemsMax } = settings;
    this.#services = services;
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
    return this.#services.events.bufferBytes(this.buffer) + this.#sender.bytes;
  }

  /** Every item below is acknowledged. */
  get acknowledged(): number {
    return this.#sender.acknowledged;
  }

  /** Everything that was published is acknowledged. */
  get idle(): boolean {
    return this.#sender.idle;
  }

  /** How long nothing was acknowledged, though something was published. */
  get silentMs(): number {
    return this.#sender.silentMs;
  }

  get windowFull(): boolean {
    return this.#window.full;
  }

  /** No further handshake is to ask this origin. */
  get connectsFull(): boolean {
    return this.#window.connectsFull;
  }

  /** Whether what is written goes out now: somebody takes it, and the broker is there. */
  get flows(): boolean {
    return this.#connected && this.#settings.destination !== undefined;
  }

  /** No room for a further connection: whoever it is would fill the node's memory. */
  get bytesFull(): boolean {
    return this.#liveBytes >= this.#settings.windowBytesMax;
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
    return this.#services.events.bufferNext(this.buffer);
  }

  /** An origin acknowledges its items. */
  get toOrigin(): boolean {
    return this.#settings.destination !== undefined && !this.isOpen;
  }

  /** Whether the channel can publish. While it cannot, events wait inside the window. */
  connected(connected: boolean): void {
    const returns = connected && this.#everConnected && this.isOpen;
    this.#connected = connected;
    this.#everConnected ||= connected;
    this.#cancelReturn();
    this.#askUntil = 0;
    this.#sender.inFlightMax = limits.eventWindowBatchesMax;
    if (returns) this.#awaitSubscribers();
    else this.#sender.connected(this.flows && this.#refused === undefined);
  }

  /** Writes a message of this connection's slot. Returns its bytes. */
  writeText(slot: number, text: string): number {
    const { events } = this.#services;
    if (!events.text(slot, text)) {
      this.bufferFull();
      events.text(slot, text);
    }
    return events.textBytes();
  }

  /** The same from bytes; those of a text are UTF-8 already checked. */
  writeBytes(slot: number, kind: MessageKind, data: Uint8Array): void {
    const { events } = this.#services;
    if (events.bytes(slot, kind, data)) return;
    this.bufferFull();
    events.bytes(slot, kind, data);
  }

  /** The batch buffer takes no further message: its batch joins those that wait. */
  bufferFull(): void {
    this.#takeFull();
    this.#sender.pump();
  }

  /** Something was written to the batch buffer: it is published at the end of this turn. */
  written(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#services.clock.endOfTurn(this.#endOfTurn);
  }

  /** Adds an event that is no message, or one again: never refused. As JSON in its own batch. */
  append(item: readonly unknown[], json: boolean = false): number {
    const { events, values, channel } = this.#services;
    const bytes = values.encodeValue(item);
    const alone = json && !this.#settings.json;
    // What another stream gave up comes all at once, and brokers limit a packet.
    const full = events.bufferBytes(this.buffer) + bytes.length > batchBytesTarget(channel);
    if (alone || full) this.#takeFull();
    events.append(this.buffer, bytes);
    if (alone) this.#takeFull(true);
    this.written();
    return bytes.length;
  }

  /** Adds a `connect`, which fills no window but that of handshakes. */
  appendConnect(item: readonly unknown[]): void {
    const bytes = this.append(item);
    this.#window.wroteConnect(this.next, bytes);
  }

  /** Tells that these connections are there, in as many items as a packet of the broker needs. */
  alive(ids: readonly string[]): void {
    for (const item of aliveItems(this.#services.channel, ids)) this.append(item);
  }

  /** After a message of this connection: stops reading it while the window is full. */
  pauseIfFull(connection: Connection): void {
    if (!this.windowFull || connection.paused || connection.closing !== undefined) return;
    if (this.#paused.pause(connection)) {
      this.#services.metrics.pauses.add(1);
    } else if (this.#liveBytes > 2 * this.#settings.windowBytesMax) {
      connection.close(closeReasons.windowFull);
    }
  }

  /** A connection is not resumed any more: it is closed, or another stream's. */
  forget(connection: Connection): void {
    this.#paused.forget(connection);
  }

  /** A connection is closed: this is its last event. */
  closed(connection: Connection, closeCode: number, closeReason: string, cause: CloseCause): void {
    const { events, values } = this.#services;
    const known = knownOf(events, connection);
    const seq = events.takeSeq(connection.slot);
    this.append(closeEvent(values, known, [seq, closeCode, closeReason, cause]));
    this.forget(connection);
    // What is told in open mode goes to nobody else.
    if (!this.isOpen) this.departed.add(known, this.next);
  }

  /** Publishes outside the numbering: how an `ack` travels. Dropped while not connected. */
  publishBare(items: readonly (readonly unknown[])[], json: boolean = false): void {
    const { destination, json: always } = this.#settings;
    if (!this.#connected || destination === undefined) return;
    this.bare.publish(destination, items, json || always);
  }

  /**
   * The origin has handled every item below `count`; `received` where it misses some. True where
   * something is published again.
   */
  acknowledge(count: number, received?: number): boolean {
    return this.#sender.acknowledge(count, received);
  }

  /** Asks a silent origin where it stands; true where it did. To be called once in a while. */
  probe(): boolean {
    return this.#sender.probe();
  }

  /** Publishes what is there (answers are for this origin alone), and nothing new any more. */
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
      const [, , , batch] = this.#services.values.decodeValue(payload) as [0, 0, 0, unknown[][]];
      items.push(...batch.slice(Math.max(0, acknowledged - first)));
    }
    this.#cancelReturn();
    for (const resolve of this.#settled.splice(0)) resolve();
    return { items, paused: this.#paused.take() };
  }

  /** Resolves when everything written so far is acknowledged. */
  settled(): Promise<void> {
    this.#sender.pump();
    if (this.unconfirmedBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#settled.push(resolve));
  }

  /** Without those of handshakes. */
  get #liveBytes(): number {
    return this.unconfirmedBytes - this.#window.connectBytes;
  }

  /** The batch in the making; undefined where it holds nothing. */
  #takeBuffer(json?: boolean): EventBatch | undefined {
    const { events } = this.#services;
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
   * The broker's subscribers come back about when this node does. What is published before they
   * have subscribed again is lost to them although the broker confirms it. So one batch asks for
   * them where the channel knows; else everything waits for a moment.
   */
  #awaitSubscribers(): void {
    const { channel, clock } = this.#services;
    if (channel.knowsSubscribers) {
      this.#askUntil = clock.now() + limits.resubscribeMsMax;
      this.#sender.inFlightMax = 1;
      this.#sender.connected(true);
    } else {
      this.#cancelReturn = clock.after(limits.resubscribeMs, () => this.#sender.connected(true));
    }
  }

  #publish(batch: EventBatch, answered: PublishAnswer): void {
    const { metrics } = this.#services;
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
    const { channel, clock, noSubscribers } = this.#services;
    const destination = this.#settings.destination as Destination;
    channel.publish(destination, piece.payload, (error) => {
      if (error?.code === "no-subscriber" && clock.now() < this.#askUntil) {
        clock.after(limits.resubscribeEveryMs, () => {
          if (this.#connected) this.#publishPiece(piece, answered);
          else answered(new ServiceError("broker-lost", "the broker was asked for subscribers"));
        });
        return;
      }
      if (error !== undefined) this.#failed(error);
      if (error?.code === "no-subscriber") noSubscribers?.(this, piece);
      if (error?.code !== "broker-lost") this.#askUntil = 0;
      answered(error);
    });
  }

  #progressed(): void {
    const { acknowledged } = this.#sender;
    if (this.#askUntil === 0) this.#sender.inFlightMax = limits.eventWindowBatchesMax;
    this.#window.acknowledged(acknowledged);
    this.departed.confirm(acknowledged);
    if (this.#paused.size > 0 && !this.windowFull) this.#paused.resume();
    if (this.#settled.length === 0 || this.unconfirmedBytes > 0) return;
    for (const resolve of this.#settled.splice(0)) resolve();
  }

  /** What failed is lost to a partition. An origin's is repeated, unless that cannot help. */
  #failed(error: ServiceError): void {
    const { metrics, logger } = this.#services;
    const { code } = error;
    if (this.toOrigin) {
      metrics.error(code);
      if (code !== "publish-refused" && code !== "batch-too-big") return;
      this.#refused = error;
      this.#sender.connected(false);
    } else if (code !== "broker-lost") {
      metrics.error(code);
      // Where nobody subscribes, that is no fault of this node's, and every batch would tell it.
      const level = code === "no-subscriber" ? "debug" : "error";
      logger.log(level, "events-lost", "a batch of events is lost", { code });
    }
  }

  /** An item is larger than the broker's packets. */
  #oversized([verb, id]: readonly unknown[]): void {
    const { metrics, logger, registry } = this.#services;
    const code = verb === "message" ? "message-too-big" : "batch-too-big";
    logger.log("warn", "event-unfit", "an event is larger than a packet of the broker may be", {
      code,
      verb: String(verb),
      // The second element of a reply is its sender's, and may be anything.
      ...(verb === "reply" ? {} : { connection: String(id) }),
    });
    // Nobody is to talk to an origin that was not told of it.
    const told = verb !== "message" && verb !== "open" && verb !== "assigned";
    const reason = verb === "message" ? closeReasons.messageTooBig : closeReasons.eventTooBig;
    for (const connection of registry.all()) {
      if (told || connection.id !== id || connection.closing !== undefined) continue;
      connection.close(reason);
      return;
    }
    metrics.error(code);
  }
}
