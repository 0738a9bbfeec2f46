import { type BatchListener, BatchReader } from "../../../adapters/origin/receive/batch-reader.ts";
import type { ServiceError } from "../../../core/base/mod.ts";

/** What the origin was told of one connection that is open. */
interface Told {
  next: number;
  readonly messages: (string | Uint8Array)[];
}

/** How a connection ended, as the origin was told. */
export interface Ended {
  readonly messages: readonly (string | Uint8Array)[];
  readonly code: unknown;
  readonly cause: unknown;
}

const decoder = new TextDecoder();

/**
 * Reads every batch as an origin does, with the origin's own reader, and knows the rules: one
 * `open` and one `close` for each connection, numbers without gaps, nothing that cannot be read.
 */
export class EventAudit implements BatchListener {
  readonly #reader: BatchReader = new BatchReader(this);
  readonly #open: Map<string, Told> = new Map();
  readonly #ended: Map<string, Ended> = new Map();
  readonly #next: Map<string, number> = new Map();
  #fault: string | undefined;
  opens = 0;
  closes = 0;
  replies = 0;

  get connections(): number {
    return this.#open.size;
  }

  read(batch: Uint8Array): void {
    this.#reader.read(batch);
  }

  /** Throws what was found wrong: the reader must not be thrown at. */
  check(): void {
    if (this.#fault !== undefined) throw new Error(this.#fault);
  }

  /** How a connection ended, told once; undefined before it did. */
  takeEnd(id: string): Ended | undefined {
    const ended = this.#ended.get(id);
    this.#ended.delete(id);
    return ended;
  }

  began(stream: string | undefined, first: number, items: number): number {
    if (stream === undefined) return 0;
    const next = this.#next.get(stream) ?? 0;
    if (first > next) this.#fail(`${stream} goes on at ${first} in place of ${next}`);
    this.#next.set(stream, Math.max(next, first + items));
    return Math.min(items, next - first);
  }

  message(
    bytes: Uint8Array,
    start: number,
    end: number,
    seq: number,
    data: string | Uint8Array,
  ): void {
    const id = decoder.decode(bytes.subarray(start, end));
    this.#follow(id, seq, "message")?.messages.push(data);
  }

  item(item: readonly unknown[]): void {
    const [verb, id, seq, ...rest] = item;
    if (verb === "open") this.#opened(String(id), Number(seq));
    else if (verb === "close") this.#closed(String(id), Number(seq), rest);
    else if (verb === "reply") this.replies++;
    else if (verb !== "alive" && verb !== "ack") this.#fail(`no event: ${String(verb)}`);
  }

  refused(error: ServiceError): void {
    this.#fail(`the origin cannot read a batch: ${error.message}`);
  }

  #opened(id: string, seq: number): void {
    this.opens++;
    if (this.#open.has(id) || seq !== 0) this.#fail(`a second open of ${id}`);
    this.#open.set(id, { next: 1, messages: [] });
  }

  #closed(id: string, seq: number, [code, , cause]: readonly unknown[]): void {
    this.closes++;
    const told = this.#follow(id, seq, "close");
    if (told === undefined) return;
    this.#open.delete(id);
    this.#ended.set(id, { messages: told.messages, code, cause });
  }

  #follow(id: string, seq: number, what: string): Told | undefined {
    const told = this.#open.get(id);
    if (told === undefined) this.#fail(`a ${what} of ${id}, which is not open`);
    else if (seq !== told.next) this.#fail(`${what} ${seq} of ${id} in place of ${told.next}`);
    else told.next++;
    return told;
  }

  #fail(fault: string): void {
    this.#fault ??= fault;
  }
}
