import { deleteOldest } from "../base/mod.ts";
import type { Cancel, Clock } from "../ports/mod.ts";
import { inspectLimits } from "./inspect-limits.ts";
import type { TailFilter, TailLine, TailReceiver } from "./questions.ts";

const encoder = new TextEncoder();

/** One tail: what it follows, and the lines that it has not handed over. */
export class Tail {
  readonly filter: TailFilter;
  /** The connection's id in bytes; undefined if it follows a group. */
  readonly id: Uint8Array | undefined;
  readonly #clock: Clock;
  readonly #receive: TailReceiver;
  /** The last `seq` of each connection: events that move to another origin pass a second time. */
  readonly #seqs: Map<string, number> = new Map();
  #lines: TailLine[] = [];
  #leftOut = 0;
  #batches = 0;
  #allowance: number = inspectLimits.linesBurst;
  #filledAt: number;
  #cancel: Cancel | undefined;

  constructor(filter: TailFilter, clock: Clock, receive: TailReceiver) {
    this.filter = filter;
    this.id = "connection" in filter ? encoder.encode(filter.connection) : undefined;
    this.#clock = clock;
    this.#receive = receive;
    this.#filledAt = clock.ticks();
  }

  /** Adds the line that `make` makes, or only counts it if there are too many. */
  add(make: () => Omit<TailLine, "at">): void {
    const now = this.#clock.ticks();
    const { linesBurst, linesPerSecond } = inspectLimits;
    const refill = ((now - this.#filledAt) * linesPerSecond) / 1_000;
    this.#allowance = Math.min(linesBurst, this.#allowance + Math.max(0, refill));
    this.#filledAt = now;
    if (this.#allowance < 1) {
      this.#leftOut++;
    } else {
      this.#allowance--;
      this.#lines.push({ at: this.#clock.now(), ...make() });
    }
    this.#schedule();
  }

  /** Batches of events were not looked through. */
  missed(batches: number): void {
    this.#batches += batches;
    this.#schedule();
  }

  /** Whether this tail has seen an event of the connection. */
  knows(connection: string): boolean {
    return this.#seqs.has(connection);
  }

  /** Notes an event. Returns false if it has passed before. */
  isNew(connection: string, seq: number): boolean {
    const last = this.#seqs.get(connection);
    if (last !== undefined && seq <= last) return false;
    if (last === undefined && this.#seqs.size >= inspectLimits.membersMax) {
      deleteOldest(this.#seqs);
    }
    this.#seqs.set(connection, seq);
    return true;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#lines = [];
  }

  #schedule(): void {
    this.#cancel ??= this.#clock.after(inspectLimits.handOverMs, () => {
      this.#cancel = undefined;
      const lines = this.#lines;
      const leftOut = { lines: this.#leftOut, batches: this.#batches };
      this.#lines = [];
      this.#leftOut = 0;
      this.#batches = 0;
      this.#receive(lines, leftOut);
    });
  }
}
