import { ServiceError } from "../../../core/base/mod.ts";
import type { Cancel, Clock } from "../../../core/ports/mod.ts";
import { packetOverheadBytes, type SubscribeDone } from "../../topics/mod.ts";
import { mqttLimits } from "./mqtt-limits.ts";

/** The connection that sends SUBSCRIBE and UNSUBSCRIBE. It answers in a later turn. */
export interface SubscriptionBroker {
  /** Sends one SUBSCRIBE. Its answer has a code for each filter; none comes after a disconnect. */
  subscribe(filters: readonly string[], answered: (codes: readonly number[]) => void): void;
  unsubscribe(filters: readonly string[], answered: () => void): void;
  /** Ends the connection, for this reason. */
  fail(error: Error): void;
}

/** The state of a filter at the broker, on this connection. */
type State = "off" | "subscribing" | "on" | "unsubscribing";

interface Entry {
  readonly filter: string;
  /** The link needs this filter: it is never removed, and a refusal ends the connection. */
  readonly required: boolean;
  wanted: boolean;
  state: State;
  done: SubscribeDone | undefined;
}

/** MQTT 3.1.1, 3.9.3; MQTT 5, 3.9.3: codes from here on refuse. */
const refusedFrom = 0x80;
/** MQTT 5, 3.9.3: used here for a filter that fits in no packet of this broker. */
const quotaExceeded = 0x97;

/** Bytes of a filter in a SUBSCRIBE. */
function byteLength(filter: string): number {
  return Buffer.byteLength(filter) + mqttLimits.filterOverheadBytes;
}

/**
 * The topic filters of a link, which come and go. The changes of one turn of the event loop become
 * one packet. A filter has at most one request in flight; when its answer comes, the filter's
 * wanted state is looked at again. So the order of answers and of packets does not matter.
 */
export class Subscriptions {
  readonly #clock: Clock;
  readonly #refused: (filter: string, required: boolean) => void;
  readonly #entries: Map<string, Entry> = new Map();
  readonly #toSubscribe: Set<Entry> = new Set();
  readonly #toUnsubscribe: Set<Entry> = new Set();
  /** The filters whose answers are missing before the link counts as connected. */
  readonly #beginning: Set<Entry> = new Set();
  readonly #flush: () => void = () => {
    this.#flushing = false;
    this.#advance();
  };
  #flushing = false;
  #broker: SubscriptionBroker | undefined;
  #ready: (() => void) | undefined;
  #packetBytesMax = 0;
  #packets = 0;
  /** Of the packets in flight. */
  readonly #timeouts: Set<Cancel> = new Set();
  #stopped: ServiceError | undefined;

  /** `refused` is called for required filters, and for filters that were granted before. */
  constructor(
    clock: Clock,
    required: readonly string[],
    refused: (filter: string, required: boolean) => void,
  ) {
    this.#clock = clock;
    this.#refused = refused;
    for (const filter of required) {
      const entry = { filter, required: true, wanted: true, done: undefined };
      this.#entries.set(filter, { ...entry, state: "off" });
    }
  }

  /** `done` is called once, in a later turn unless `stop` or `remove` comes first. */
  add(filter: string, done: SubscribeDone): void {
    if (this.#stopped !== undefined) {
      done(this.#stopped);
      return;
    }
    let entry = this.#entries.get(filter);
    if (entry === undefined) {
      entry = { filter, required: false, wanted: true, state: "off", done };
      this.#entries.set(filter, entry);
    } else {
      const before = entry.done;
      entry.wanted = true;
      entry.done =
        before === undefined
          ? done
          : (error) => {
              before(error);
              done(error);
            };
      this.#toUnsubscribe.delete(entry);
    }
    if (entry.state === "off" || entry.state === "on") this.#toSubscribe.add(entry);
    this.#schedule();
  }

  remove(filter: string): void {
    const entry = this.#entries.get(filter);
    if (entry === undefined || !entry.wanted || entry.required) return;
    entry.wanted = false;
    this.#toSubscribe.delete(entry);
    if (entry.state === "on") this.#toUnsubscribe.add(entry);
    else if (entry.state === "off") this.#forget(entry);
    this.#schedule();
    this.#callDone(
      entry,
      new ServiceError("group-refused", "the last member left before the broker granted it"),
    );
  }

  /** A connection is up: subscribes to all that is wanted, then calls `ready`. */
  begin(broker: SubscriptionBroker, packetBytesMax: number | undefined, ready: () => void): void {
    this.#broker = broker;
    this.#packets = 0;
    const { filtersPacketBytesMax } = mqttLimits;
    this.#packetBytesMax = Math.min(
      packetBytesMax ?? filtersPacketBytesMax,
      filtersPacketBytesMax,
    );
    this.#ready = ready;
    for (const entry of this.#entries.values()) {
      this.#toSubscribe.add(entry);
      this.#beginning.add(entry);
    }
    this.#advance();
  }

  /** The connection has ended, and with it every subscription. */
  lost(): void {
    this.#broker = undefined;
    this.#ready = undefined;
    for (const cancel of this.#timeouts) cancel();
    this.#timeouts.clear();
    this.#beginning.clear();
    this.#toSubscribe.clear();
    this.#toUnsubscribe.clear();
    for (const entry of this.#entries.values()) {
      entry.state = "off";
      if (!entry.wanted) this.#entries.delete(entry.filter);
    }
  }

  /** Ends it for good: pending and later calls of `add` get the error. */
  stop(error: ServiceError): void {
    this.#stopped = error;
    this.lost();
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) this.#callDone(entry, error);
  }

  #schedule(): void {
    // Without a connection there is nothing to do: `begin` will subscribe to everything.
    if (this.#broker === undefined || this.#flushing) return;
    this.#flushing = true;
    this.#clock.endOfTurn(this.#flush);
  }

  #advance(): void {
    this.#pump();
    if (this.#ready === undefined || this.#beginning.size > 0) return;
    const ready = this.#ready;
    this.#ready = undefined;
    ready();
  }

  #pump(): void {
    const broker = this.#broker;
    if (broker === undefined) return;
    while (this.#toSubscribe.size + this.#toUnsubscribe.size > 0 && this.#broker === broker) {
      if (this.#packets >= mqttLimits.filterPacketsInFlightMax) return;
      this.#subscribe(broker);
      this.#unsubscribe(broker);
    }
  }

  #subscribe(broker: SubscriptionBroker): void {
    const entries = this.#take(this.#toSubscribe).filter((entry) => this.#mustAsk(entry));
    // A callback that was called just now may have ended the connection.
    if (entries.length === 0 || this.#broker !== broker) return;
    for (const entry of entries) entry.state = "subscribing";
    const isDue = this.#sent(broker);
    const filters = entries.map(({ filter }) => filter);
    broker.subscribe(filters, (codes) => {
      if (!isDue()) return;
      entries.forEach((entry, index) => {
        if (this.#broker === broker) this.#answered(entry, codes[index] ?? refusedFrom);
      });
      this.#advance();
    });
  }

  #unsubscribe(broker: SubscriptionBroker): void {
    const entries = this.#take(this.#toUnsubscribe);
    if (entries.length === 0 || this.#broker !== broker) return;
    for (const entry of entries) entry.state = "unsubscribing";
    const isDue = this.#sent(broker);
    const filters = entries.map(({ filter }) => filter);
    broker.unsubscribe(filters, () => {
      if (!isDue()) return;
      for (const entry of entries) {
        entry.state = "off";
        if (entry.wanted) this.#toSubscribe.add(entry);
        else this.#forget(entry);
      }
      this.#advance();
    });
  }

  /**
   * Counts a packet that is sent. The function is called with its answer, and tells whether the
   * connection is still the one that it was sent on.
   */
  #sent(broker: SubscriptionBroker): () => boolean {
    this.#packets++;
    const cancel = this.#clock.after(mqttLimits.grantMs, () => {
      const seconds = mqttLimits.grantMs / 1_000;
      broker.fail(new Error(`the broker answered no SUBSCRIBE or UNSUBSCRIBE in ${seconds} s`));
    });
    this.#timeouts.add(cancel);
    return () => {
      cancel();
      this.#timeouts.delete(cancel);
      if (this.#broker !== broker) return false;
      this.#packets--;
      return true;
    };
  }

  /** Takes the first entries of a queue, as many as one packet holds. */
  #take(queue: Set<Entry>): Entry[] {
    const taken: Entry[] = [];
    let bytes: number = packetOverheadBytes;
    for (const entry of queue) {
      bytes += byteLength(entry.filter);
      const full = taken.length >= mqttLimits.filtersPerPacketMax || bytes > this.#packetBytesMax;
      if (full && taken.length > 0) break;
      queue.delete(entry);
      taken.push(entry);
    }
    return taken;
  }

  /** False if no request is needed; the entry has had its answer then. */
  #mustAsk(entry: Entry): boolean {
    if (entry.state === "on") {
      this.#callDone(entry);
      return false;
    }
    const bytes = packetOverheadBytes + byteLength(entry.filter);
    if (bytes <= this.#packetBytesMax) return true;
    this.#answered(entry, quotaExceeded);
    return false;
  }

  #answered(entry: Entry, code: number): void {
    const { filter, wanted, required, done } = entry;
    if (code >= refusedFrom && required) {
      this.#refused(filter, required);
      return;
    }
    this.#beginning.delete(entry);
    if (code < refusedFrom) {
      entry.state = "on";
      if (wanted) this.#callDone(entry);
      else this.#toUnsubscribe.add(entry);
      return;
    }
    entry.state = "off";
    if (wanted && done === undefined) {
      // It was granted before, so it stays wanted, and is subscribed again after a reconnect.
      this.#refused(filter, required);
      return;
    }
    this.#forget(entry);
    const message = `the broker does not grant the subscription ${filter}`;
    this.#callDone(entry, new ServiceError("group-refused", message));
  }

  #forget(entry: Entry): void {
    entry.wanted = false;
    this.#beginning.delete(entry);
    this.#entries.delete(entry.filter);
  }

  #callDone(entry: Entry, error?: ServiceError): void {
    const { done } = entry;
    entry.done = undefined;
    done?.(error);
  }
}
