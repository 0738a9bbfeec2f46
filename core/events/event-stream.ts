import { closeReasons, type ServiceError } from "../base/mod.ts";
import type { Closing, Connection, ConnectionStream } from "../connection/mod.ts";
import type { Clock, EventEncoder, MessageKind, Span, SpanAttributes } from "../ports/mod.ts";
import {
  type HandledRange,
  type ItemRange,
  ReliableSender,
  type SenderFlow,
} from "../streams/mod.ts";
import type { TrafficTap } from "../telemetry/mod.ts";
import { aliveItems, batchBytesTarget, type EventBatch } from "./batch-splitter.ts";
import { ConnectionShare } from "./connection-share.ts";
import { DepartedConnections } from "./departed-connections.ts";
import {
  EventPublisher,
  type PublishDependencies,
  type PublishSettings,
} from "./event-publisher.ts";
import { closeEvent, knownOf, tracedMessage } from "./introduction.ts";
import { PausedConnections } from "./paused-connections.ts";
import { PublishTurn } from "./publish-turn.ts";
import { StreamWindow, type WindowFill } from "./stream-window.ts";
import { TracedEvents } from "./traced-events.ts";

/** What the event streams of an app work with. */
export interface EventDependencies extends PublishDependencies {
  readonly events: EventEncoder;
  readonly clock: Clock;
  /** Open mode: these items were published, and the broker says that nobody subscribes. */
  readonly noSubscribers?: ((stream: EventStream, items: ItemRange) => void) | undefined;
  readonly tap?: TrafficTap | undefined;
}

/** What distinguishes one stream from the others. */
export interface EventStreamSettings extends PublishSettings {
  /** Names the ordered flow: this publisher incarnation to this destination. */
  readonly name: string;
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
  /** Open mode: every subscriber of the partition gets these events. */
  readonly isOpen: boolean;
  readonly #dependencies: EventDependencies;
  readonly #settings: EventStreamSettings;
  readonly #sender: ReliableSender<EventBatch>;
  readonly #window: StreamWindow;
  readonly #publisher: EventPublisher;
  readonly #turn: PublishTurn;
  readonly #paused: PausedConnections = new PausedConnections();
  /** Where an origin acknowledges, which may take longer for one connection than for others. */
  readonly #share: ConnectionShare | undefined;
  readonly #settledWaiters: (() => void)[] = [];
  #channelConnected = false;
  #connected = false;
  #everConnected = false;
  /** Number after the event whose acknowledgement is timed; 0 while none is. */
  #timedEnd = 0;
  #timedAt = 0;
  /** Undefined until an event is traced. */
  #traced: TracedEvents | undefined;
  constructor(dependencies: EventDependencies, settings: EventStreamSettings) {
    const { events, clock, noSubscribers } = dependencies;
    const { destination, windowBytesMax, windowItemsMax } = settings;
    this.#dependencies = dependencies;
    this.#settings = settings;
    this.isOpen = destination !== undefined && "partition" in destination;
    this.buffer = events.openBuffer(settings.name);
    this.#publisher = new EventPublisher(dependencies, settings, () =>
      this.#sender.connected(false),
    );
    const flow: SenderFlow<EventBatch> = {
      take: () => (this.#window.closed ? undefined : this.#takeBuffer()),
      publish: (batch, answered, atMostOnce) => {
        this.#traced?.published(batch.first + batch.count);
        this.#publisher.publish(batch, answered, atMostOnce);
      },
      failed: (batch, error) => {
        this.#publisher.failed(error);
        if (error.code === "no-subscriber") noSubscribers?.(this, batch);
      },
      acknowledged: ({ first, count }) => this.#acknowledgedBeyond(first, first + count),
      progressed: () => this.#progressed(),
    };
    this.#sender = new ReliableSender(clock, flow, this.isOpen ? "transport" : "receiver");
    this.#turn = new PublishTurn(clock, () => this.#sender.pump());
    this.#window = new StreamWindow(this.#sender, windowBytesMax, windowItemsMax);
    if (this.toOrigin) {
      this.#share = new ConnectionShare(this.#sender, windowBytesMax, windowItemsMax);
    }
  }

  get name(): string {
    return this.#settings.name;
  }

  /** Bytes of events that are not acknowledged: in the batch buffer, waiting, or published. */
  get unconfirmedBytes(): number {
    return this.#dependencies.events.bufferBytes(this.buffer) + this.#sender.bytes;
  }

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

  /** How long nothing was acknowledged although something waits for it, published or not. */
  get lagMs(): number {
    if (this.#sender.isConnected) return this.#sender.silentMs;
    return this.#timedEnd > 0 ? this.#dependencies.clock.ticks() - this.#timedAt : 0;
  }

  get windowFull(): boolean {
    return this.#window.full;
  }

  /** How much of the window is filled. Without a limit of items, `itemsMax` is infinite. */
  get fill(): WindowFill {
    const { windowBytesMax: bytesMax, windowItemsMax: itemsMax } = this.#settings;
    const items = this.#dependencies.events.bufferItems(this.buffer) + this.#sender.items;
    return { bytes: this.unconfirmedBytes, bytesMax, items, itemsMax };
  }

  /** The origin that gets the events; undefined in open mode, and while none is there. */
  get origin(): string | undefined {
    const { destination } = this.#settings;
    return destination !== undefined && "origin" in destination ? destination.origin : undefined;
  }

  /** Handshakes fill their budget: no further `connect` may be appended. */
  get connectsFull(): boolean {
    return this.#window.connectsFull;
  }

  /** The stream has a destination, and the broker is connected. */
  get canPublish(): boolean {
    return this.#connected && this.#settings.destination !== undefined;
  }

  /** What is not numbered can be published: any of several brokers takes it. */
  get canPublishBare(): boolean {
    return this.#channelConnected && this.#settings.destination !== undefined;
  }

  /** The events use all the memory that they may: no further connection may join. */
  get bytesFull(): boolean {
    return this.#liveBytes >= this.#settings.windowBytesMax;
  }

  /** Why the broker refuses publishes to the origin. Its events must go to another origin. */
  get refused(): ServiceError | undefined {
    return this.#publisher.refused;
  }

  get pausedConnections(): number {
    return this.#paused.size;
  }

  /** Bytes of bare batches that the transport has not answered. */
  get bareBytes(): number {
    return this.#publisher.bareBytes;
  }

  get next(): number {
    return this.#dependencies.events.bufferNext(this.buffer);
  }

  /** The destination is an origin, which acknowledges the events. */
  get toOrigin(): boolean {
    return this.#publisher.toOrigin;
  }

  /**
   * Tells whether the channel can publish. Even if it can, it may not reach this destination.
   * Until it does, events wait in the window. Called with true again if it reaches others.
   */
  connected(channelConnected: boolean): void {
    const connected = channelConnected && this.#reached;
    this.#channelConnected = channelConnected;
    if (connected === this.#connected && connected === this.#sender.isConnected) return;
    const returns = connected && this.#everConnected && this.isOpen;
    this.#connected = connected;
    this.#everConnected ||= connected;
    if (returns) this.#sender.reconnected(this.#dependencies.channel.knowsSubscribers);
    else this.#sender.connected(this.canPublish && this.refused === undefined);
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

  writeTraced(connection: Connection, data: string | Uint8Array, span: Span): number {
    const { events, values } = this.#dependencies;
    const seq = events.takeSeq(connection.slot);
    const { bytes, item } = tracedMessage(values, knownOf(events, connection), {
      seq,
      data,
      span,
    });
    this.append(item);
    this.#trace(span, { "wss.event.seq": seq, "messaging.message.body.size": bytes });
    return bytes;
  }

  /** The batch buffer has no room for a message: its batch is taken, and it is empty then. */
  bufferFull(): void {
    this.#takeFull();
    this.#sender.pump();
  }

  /** Something was written to the batch buffer. It is published at the end of this turn. */
  written(): void {
    if (this.#turn.written()) this.#time();
  }

  /**
   * Adds an event that is no message, or a message that another stream gave up. It is never
   * refused. With `json` it goes out as JSON, in a batch of its own.
   */
  append(item: readonly unknown[], json: boolean = false): number {
    const bytes = this.#append(item, json);
    this.written();
    return bytes;
  }

  /** Adds the event of a client that connects. It may wait a few turns for further clients. */
  appendOpening(item: readonly unknown[]): number {
    const bytes = this.#append(item, false);
    if (this.#turn.opened()) this.#time();
    return bytes;
  }

  /** Adds a `connect`, which counts in the budget of handshakes alone. */
  appendConnect(item: readonly unknown[]): void {
    const bytes = this.appendOpening(item);
    this.#window.wroteConnect(this.next, bytes);
  }

  /** Publishes `alive` for these connections, in as many items as a packet of the broker needs. */
  alive(ids: readonly string[]): void {
    for (const item of aliveItems(this.#dependencies.channel, ids)) this.append(item);
  }

  received(connection: Connection, messages: number, bytes: number): void {
    const usedUp = this.#share?.add(connection, messages, bytes) ?? false;
    if (usedUp || this.windowFull) this.pauseIfFull(connection);
  }

  pauseIfFull(connection: Connection): void {
    if (connection.paused || connection.closing !== undefined) return;
    const why = this.windowFull ? "window" : "share";
    if (why === "share" && this.#share?.isUsedUp(connection) !== true) return;
    if (this.#paused.pause(connection, why)) {
      this.#dependencies.metrics.pauses.add(1);
    } else if (this.#liveBytes > 2 * this.#settings.windowBytesMax) {
      connection.close(closeReasons.windowFull);
    }
  }

  forget(connection: Connection): void {
    this.#paused.forget(connection);
  }

  closed(connection: Connection, closing: Closing): void {
    const { events, values } = this.#dependencies;
    const known = knownOf(events, connection);
    const seq = events.takeSeq(connection.slot);
    this.append(closeEvent(values, known, { seq, ...closing }));
    if (closing.span !== undefined) this.#trace(closing.span, { "wss.event.seq": seq });
    this.forget(connection);
    // Events of open mode never move to another origin.
    if (!this.isOpen) this.departed.add(known, this.next);
  }

  /** Publishes unnumbered items, which nobody repeats. They are dropped while not connected. */
  publishBare(items: readonly (readonly unknown[])[], json: boolean = false): void {
    if (this.canPublishBare) this.#publisher.publishBare(items, json, false);
  }

  /** Publishes acknowledgements of commands: the next one makes up for one lost or dropped. */
  publishAcks(acks: readonly (readonly unknown[])[], json: boolean): void {
    if (this.canPublishBare) this.#publisher.publishBare(acks, json, this.#sender.proven);
  }

  /**
   * The origin has handled every item below `count`. With `received` it misses items from that
   * number on. It has handled the items of the ranges `beyond` too. Returns whether the stream
   * publishes something again.
   */
  acknowledge(count: number, received?: number, beyond?: readonly HandledRange[]): boolean {
    return this.#sender.acknowledge(count, received, beyond);
  }

  /** Probes an origin that is silent for long; true if it did. Called once a second. */
  probe(): boolean {
    return this.#sender.probe();
  }

  /** Publishes what is there, as it may hold replies to this origin, and nothing after that. */
  freeze(): void {
    this.#sender.freeze();
  }

  /**
   * Returns every item that is not acknowledged, in order, and the connections that are paused.
   * The stream keeps neither, its batch buffer is empty, and it is not used afterwards. `sparse`:
   * items in between are missing, because they are acknowledged.
   */
  takeUnacknowledged(): { items: unknown[][]; paused: Connection[]; sparse: boolean } {
    this.#takeFull();
    this.#traced?.moved();
    const { acknowledged, sparse } = this.#sender;
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
    for (const resolve of this.#settledWaiters.splice(0)) resolve();
    return { items, paused: this.#paused.take(), sparse };
  }

  /** Resolves when everything written so far is acknowledged. */
  settled(): Promise<void> {
    this.#sender.pump();
    if (this.unconfirmedBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#settledWaiters.push(resolve));
  }

  get #reached(): boolean {
    const { destination } = this.#settings;
    if (destination === undefined) return true;
    return this.#dependencies.channel.reaches?.(destination) ?? true;
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
    const payload = events.takeBatch(this.buffer);
    const { tap } = this.#dependencies;
    if (tap?.isOpen === true) tap.events(payload);
    return { first, count, payload, room: payload.byteOffset, json };
  }

  /** Times the acknowledgement of the event that was written last. */
  #time(): void {
    if (this.#timedEnd > 0) return;
    this.#timedEnd = this.next;
    this.#timedAt = this.#dependencies.clock.ticks();
  }

  #append(item: readonly unknown[], json: boolean): number {
    const { events, values, channel } = this.#dependencies;
    const bytes = values.encodeShared(item);
    const alone = json && !this.#settings.json;
    // Many events of another stream may come at once, and brokers limit the size of a packet.
    const full = events.bufferBytes(this.buffer) + bytes.length > batchBytesTarget(channel);
    if (alone || full) this.#takeFull();
    events.append(this.buffer, bytes);
    if (alone) this.#takeFull(true);
    return bytes.length;
  }

  #takeFull(json?: boolean): void {
    const batch = this.#takeBuffer(json);
    if (batch !== undefined) this.#sender.add(batch);
  }

  /** These items are acknowledged, though items before them are not. */
  #acknowledgedBeyond(first: number, end: number): void {
    if (end <= this.#sender.acknowledged) return;
    if (this.#window.connectBytes > 0) this.#window.acknowledgedBeyond(first, end);
    this.departed.confirmBeyond(first, end);
  }

  /** The event that was appended last has this span. */
  #trace(span: Span, attributes: SpanAttributes): void {
    this.#traced ??= new TracedEvents();
    this.#traced.add(span, this.next, attributes);
  }

  #timed(): void {
    const { clock, metrics } = this.#dependencies;
    metrics.eventAck.observe((clock.ticks() - this.#timedAt) / 1_000);
    this.#timedEnd = 0;
  }

  #progressed(): void {
    const { acknowledged } = this.#sender;
    if (this.#timedEnd > 0 && acknowledged >= this.#timedEnd) this.#timed();
    this.#traced?.acknowledged(acknowledged);
    this.#window.acknowledged(acknowledged);
    this.departed.confirm(acknowledged);
    if (this.#paused.size > 0) {
      if (!this.windowFull) this.#paused.resume();
      this.#paused.resumeHandled((connection) => this.#share?.isHandled(connection) ?? true);
    }
    if (this.#settledWaiters.length === 0 || this.unconfirmedBytes > 0) return;
    for (const resolve of this.#settledWaiters.splice(0)) resolve();
  }
}
