import { assert, limits, type ServiceError } from "../base/mod.ts";
import type { Cancel, Clock } from "../ports/mod.ts";
import type { HandledRange } from "./handled-items.ts";
import type { NumberedBatch } from "./numbered-batch.ts";
import { type PendingBatch, PendingBatches } from "./pending-batches.ts";

/**
 * Called once per publish: without an error when the transport has the batch. `broker-lost` says
 * that the connection ended before: the sender publishes the batch again after the next connect.
 * `no-subscriber` says that nobody has subscribed (yet: see `ReliableSender.reconnected`).
 */
export type PublishAnswer = (error?: ServiceError) => void;

/** The owner of a stream: it makes the batches, and passes them to the transport. */
export interface SenderFlow<Batch extends NumberedBatch> {
  /**
   * The next batch, which begins at the sender's `next`; undefined if there is none, or if none
   * may go out while `inFlight` batches are in flight.
   */
  take(inFlight: number): Batch | undefined;
  /**
   * Passes a batch to the transport. It may be answered within the call. With `atMostOnce` the
   * transport may lose it, and its answer says only that it takes more.
   */
  publish(batch: Batch, answered: PublishAnswer, atMostOnce: boolean): void;
  /** A publish was answered with an error, and is not just tried again. */
  failed?(batch: Batch, error: ServiceError): void;
  /** A batch is acknowledged, and not kept any more. */
  acknowledged?(batch: Batch): void;
  /** Items were acknowledged, or the transport answered: the window may have room. */
  progressed(): void;
}

/**
 * The sending side of one numbered stream. It keeps every batch until it is acknowledged and
 * repeats what may be lost: all of it after a reconnect, what follows a gap when the receiver says
 * so, and the oldest batch, as a probe, when the receiver is silent. Acknowledgement is cumulative
 * and counts items; a receiver may name ranges beyond, too, and their batches are not kept either.
 * With `acknowledgedBy` "transport" an answer of the transport acknowledges.
 *
 * What a receiver acknowledges may travel at most once, which costs the transport less. But only
 * the transport can say that it refuses batches: so it has to confirm the first one after each
 * connect, and each probe.
 */
export class ReliableSender<Batch extends NumberedBatch> {
  /** Batches that may be in flight at once. */
  inFlightMax: number = limits.eventWindowBatchesMax;
  /** Nothing new is taken from the flow while so many batches are in flight. */
  inFlightTarget: number = limits.publishesInFlightTarget;
  /** Batches that are published again ahead of what the receiver acknowledges. */
  repeatMax: number = limits.repeatBatchesMax;
  /** Longest time between two probes. */
  probeMsMax: number = limits.ackProbeMsMax;
  readonly #clock: Clock;
  readonly #flow: SenderFlow<Batch>;
  #acknowledgedBy: "transport" | "receiver";
  readonly #pending: PendingBatches<Batch> = new PendingBatches();
  /** Index in `#pending` of the first batch that was not published since the last `#rewind`. */
  #cursor = 0;
  /** Number of the next item that is added. */
  #next = 0;
  /** Number behind the last item that was ever published. */
  #publishedEnd = 0;
  /** Every item below is acknowledged. `#acknowledged` ≤ `#publishedEnd` ≤ `#next`. */
  #acknowledged = 0;
  #inFlight = 0;
  #connected = false;
  #pumping = false;
  /** The transport has confirmed a batch since it was connected. */
  #proven = false;
  /** Counts connects and disconnects of the transport. */
  #session = 0;
  /** Until this time a batch without a subscriber is published again; 0: no batch is. */
  #retryUntil = 0;
  #cancelReconnect: Cancel = () => {};
  #frozen = false;
  #ended = false;
  /** When something was last acknowledged, or the first batch was published. */
  #progressAt: number;
  #repeatedAt = Number.NEGATIVE_INFINITY;
  #probedAt: number;
  #probeMs: number = limits.ackProbeMs;
  /**
   * A probe that is not answered. `end`: the number behind its last item; `publishedEnd`: the
   * value of `#publishedEnd` when it was sent.
   */
  #probe: { readonly end: number; readonly publishedEnd: number } | undefined;

  constructor(clock: Clock, flow: SenderFlow<Batch>, acknowledgedBy: "transport" | "receiver") {
    this.#clock = clock;
    this.#flow = flow;
    this.#acknowledgedBy = acknowledgedBy;
    this.#progressAt = this.#probedAt = clock.ticks();
  }

  /** Who acknowledges batches. Where it is the transport, no receiver reports a gap. */
  get acknowledgedBy(): "transport" | "receiver" {
    return this.#acknowledgedBy;
  }

  /** From the receiver to the transport: what the transport has is acknowledged now. */
  set acknowledgedBy(by: "transport" | "receiver") {
    if (by === this.#acknowledgedBy) return;
    this.#acknowledgedBy = by;
    if (by === "transport") this.#acknowledgeAnswered();
  }

  /** It publishes: the transport is connected, and has not answered with `broker-lost` since. */
  get isConnected(): boolean {
    return this.#connected;
  }

  /** The transport has confirmed a batch since it was connected: it lets this sender publish. */
  get proven(): boolean {
    return this.#proven;
  }

  /** Bytes of all batches that are not acknowledged. */
  get bytes(): number {
    return this.#pending.bytes;
  }

  /** Items that are not acknowledged. */
  get items(): number {
    const first = this.#pending.at(0)?.batch.first ?? this.#acknowledged;
    return this.#pending.items - Math.max(0, this.#acknowledged - first);
  }

  /** Batches are acknowledged that come after others which are not. */
  get sparse(): boolean {
    return this.items < this.#next - this.#acknowledged;
  }

  get next(): number {
    return this.#next;
  }

  /** Every item below is acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Number of the oldest item that can still be repeated; the next item's if there is none. */
  get oldestAvailable(): number {
    return this.#pending.at(0)?.batch.first ?? this.#next;
  }

  /** Everything that was published is acknowledged. */
  get idle(): boolean {
    return this.#acknowledged >= this.#publishedEnd;
  }

  /** How long the receiver has acknowledged nothing, though something was published. */
  get silentMs(): number {
    return this.idle || !this.#connected ? 0 : this.#clock.ticks() - this.#progressAt;
  }

  /** Whether the item before `end` is acknowledged. */
  isAcknowledged(end: number): boolean {
    return end <= this.#acknowledged || (end <= this.#next && !this.#pending.has(end - 1));
  }

  /** The transport is connected, or not. After a connect, unacknowledged batches go first. */
  connected(connected: boolean): void {
    this.#begin(connected, 0);
  }

  /**
   * The transport is connected again after an outage. Its subscribers reconnect at about the same
   * time. They miss what is published before they have subscribed again, although the transport
   * answers without an error. If it tells whether there are subscribers, one batch at a time is
   * published until one is there. Otherwise the sender waits for a moment.
   */
  reconnected(knowsSubscribers: boolean): void {
    if (knowsSubscribers) {
      this.#begin(true, this.#clock.ticks() + limits.resubscribeMsMax);
      return;
    }
    const begin = (): void => this.#begin(true, 0);
    this.#cancelReconnect = this.#clock.after(limits.resubscribeMs, begin);
  }

  /** Adds a batch that the owner had to take, because its batch buffer was full. */
  add(batch: Batch): void {
    assert(batch.first === this.#next, "batches of a stream are numbered without a gap");
    this.#pending.add(batch);
    this.#next += batch.count;
  }

  /**
   * Publishes what may be published. While batches are in flight, items gather in the flow, so
   * that under load batches get larger instead of more.
   */
  pump(): void {
    // An answer within the call: the loop below goes on.
    if (!this.#mayPublish || this.#pumping) return;
    this.#pumping = true;
    try {
      this.#publishAll();
    } finally {
      this.#pumping = false;
    }
  }

  /** Publishes what is there. Nothing new is published after that. */
  freeze(): void {
    const batch = this.#mayPublish ? this.#flow.take(0) : undefined;
    if (batch !== undefined) this.add(batch);
    if (this.#mayPublish) this.#publishPending();
    this.#frozen = true;
  }

  /**
   * The receiver has handled every item below `count`. With `received` it saw a gap or a
   * duplicate, and has received the items below that number: the items from there on are published
   * again. Returns whether they are. Items of the ranges `beyond` are handled too.
   */
  acknowledge(count: number, received?: number, beyond: readonly HandledRange[] = []): boolean {
    const counted = this.#acknowledge(count);
    const news = this.#acknowledgeBeyond(beyond) || counted;
    const from = received ?? this.#lostBehindProbe();
    if (from !== undefined) this.#probe = undefined;
    if (received !== undefined) this.#skip(received);
    const now = this.#clock.ticks();
    const repeats =
      from !== undefined &&
      from < this.#publishedEnd &&
      now - this.#repeatedAt >= limits.repeatGapMs;
    if (repeats) {
      this.#repeatedAt = now;
      this.#rewind(from);
    }
    if (news) this.#flow.progressed();
    if (news || repeats) this.pump();
    return repeats;
  }

  /**
   * Publishes the oldest batch again if the receiver is silent for long: a receiver that lives
   * answers with its counts. To be called about once a second. Returns whether it was time.
   */
  probe(): boolean {
    if (this.idle || !this.#connected) {
      this.#restTimers();
      return false;
    }
    const now = this.#clock.ticks();
    if (now - this.#probedAt < this.#probeMs) return false;
    this.#probedAt = now;
    this.#probeMs = Math.min(2 * this.#probeMs, this.probeMsMax);
    const oldest = this.#cursor > 0 ? this.#pending.at(0) : undefined;
    if (oldest === undefined) return true;
    const end = oldest.batch.first + oldest.batch.count;
    this.#probe = { end, publishedEnd: this.#publishedEnd };
    this.#publish(oldest, false);
    return true;
  }

  /** Ends the sender. Returns the batches that are not acknowledged, in order. */
  takeUnacknowledged(): Batch[] {
    this.#ended = true;
    this.#cancelReconnect();
    return this.#pending.remove(0, this.#pending.length).map(({ batch }) => batch);
  }

  get #mayPublish(): boolean {
    return this.#connected && !this.#ended;
  }

  get #inFlightLimit(): number {
    return this.#retryUntil > 0 ? 1 : this.inFlightMax;
  }

  #begin(connected: boolean, retryUntil: number): void {
    this.#cancelReconnect();
    this.#connected = connected;
    this.#proven = false;
    this.#retryUntil = retryUntil;
    this.#session++;
    this.#restTimers();
    if (!connected) return;
    this.#rewind(this.#acknowledged);
    this.pump();
  }

  /** False if the count is not new, or above what was added. */
  #acknowledge(count: number): boolean {
    if (count <= this.#acknowledged || count > this.#next) return false;
    this.#acknowledged = count;
    this.#restTimers();
    this.#remove(0, this.#pending.below(count, 0));
    return true;
  }

  /** Removes the batches that lie within the ranges; false if there are none. */
  #acknowledgeBeyond(ranges: readonly HandledRange[]): boolean {
    let removed = 0;
    for (const [first, end] of ranges) {
      if (end > this.#publishedEnd) continue;
      const index = this.#pending.indexOf(first);
      // A batch that began before the range is not handled as a whole.
      const from = index + ((this.#pending.at(index)?.batch.first ?? first) < first ? 1 : 0);
      const count = this.#pending.below(end, from);
      this.#remove(from, count);
      removed += count;
    }
    return removed > 0;
  }

  #remove(index: number, count: number): void {
    this.#cursor -= Math.max(0, Math.min(this.#cursor - index, count));
    for (const { batch } of this.#pending.remove(index, count)) {
      this.#flow.acknowledged?.(batch);
    }
  }

  /**
   * If the receiver accepted a probe as new, it had missed that batch, and maybe the batches that
   * had been published after it. Batches since the probe show their gap themselves.
   */
  #lostBehindProbe(): number | undefined {
    if (this.#probe === undefined || this.#acknowledged < this.#probe.end) return undefined;
    return this.#acknowledged < this.#probe.publishedEnd ? this.#acknowledged : undefined;
  }

  /** The receiver has the items below `count`: they need not be published again. */
  #skip(count: number): void {
    const received = Math.min(count, this.#publishedEnd);
    this.#cursor = Math.max(this.#cursor, this.#pending.indexOf(received));
  }

  /** Batches that hold items from `count` on are to be published again. */
  #rewind(count: number): void {
    this.#cursor = Math.min(this.#cursor, this.#pending.indexOf(count));
  }

  #restTimers(): void {
    this.#progressAt = this.#probedAt = this.#clock.ticks();
    this.#probeMs = limits.ackProbeMs;
  }

  #publishAll(): void {
    this.#publishPending();
    while (this.#mayPublish && !this.#frozen && this.#inFlight < this.inFlightTarget) {
      // What is to be repeated comes first.
      if (this.#cursor < this.#pending.length) return;
      const batch = this.#flow.take(this.#inFlight);
      if (batch === undefined) return;
      this.add(batch);
      this.#publishPending();
    }
  }

  #publishPending(): void {
    while (this.#mayPublish && this.#inFlight < this.#inFlightLimit) {
      const pending = this.#pending.at(this.#cursor);
      if (pending === undefined) return;
      const end = pending.batch.first + pending.batch.count;
      const receiver = this.#acknowledgedBy === "receiver";
      if (end > this.#publishedEnd) {
        if (this.#frozen) return;
        if (this.idle) this.#restTimers();
        this.#publishedEnd = end;
      } else if (receiver && this.#cursor >= this.repeatMax) {
        // The broker may have dropped them because there were too many for a slow receiver.
        return;
      }
      this.#cursor++;
      // Not again if the transport has it from before the reconnect.
      if (receiver || !pending.answered) this.#publish(pending, receiver && this.#proven);
    }
  }

  #publish(pending: PendingBatch<Batch>, atMostOnce: boolean): void {
    const session = this.#session;
    const answered = (error?: ServiceError): void => {
      if (error?.code === "no-subscriber" && this.#clock.ticks() < this.#retryUntil) {
        this.#retry(pending, session);
        return;
      }
      if (error !== undefined) this.#flow.failed?.(pending.batch, error);
      if (this.#ended) return;
      this.#inFlight--;
      if (error?.code === "broker-lost") {
        // Nothing more is passed to the transport until it is connected again.
        if (session === this.#session) this.#connected = false;
        else this.pump();
        return;
      }
      this.#retryUntil = 0;
      if (!atMostOnce && error === undefined && session === this.#session) this.#proven = true;
      pending.answered = true;
      if (this.#acknowledgedBy === "transport") this.#acknowledgeAnswered();
      this.#flow.progressed();
      this.pump();
    };
    this.#inFlight++;
    this.#flow.publish(pending.batch, answered, atMostOnce);
  }

  /** Nobody has subscribed yet: publishes the batch again in a moment. */
  #retry(pending: PendingBatch<Batch>, session: number): void {
    this.#clock.after(limits.resubscribeEveryMs, () => {
      if (this.#ended) return;
      this.#inFlight--;
      // In another session the batch was, or will be, published with the others.
      if (session === this.#session) this.#publish(pending, false);
      else this.pump();
    });
  }

  /** Acknowledges answered batches from the oldest on: answers may come out of order. */
  #acknowledgeAnswered(): void {
    let end = 0;
    for (const { batch, answered } of this.#pending) {
      if (!answered) break;
      end = batch.first + batch.count;
    }
    this.#acknowledge(end);
  }
}
