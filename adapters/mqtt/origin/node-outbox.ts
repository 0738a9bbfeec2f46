import { ServiceError } from "../../../core/base/mod.ts";
import type { CommandBatch } from "./command-batch.ts";
import type { MessageData } from "./events.ts";
import { KeptCommands } from "./kept-commands.ts";

/** What a node's outbox asks of the whole. */
export interface OutboxOwner {
  /** Throws `send-queue-full` or `batch-too-big` where `bytes` more are too many. */
  admit(bytes: number): void;
  /** Something was written, `bytes` of it: publish it at the end of this turn, or now. */
  written(outbox: NodeOutbox, bytes: number): void;
  newBatch(): CommandBatch;
}

/** Bytes of an item besides ids and data, at most. */
const itemBytes = 64;

/** The numbered stream of commands to one node. */
export class NodeOutbox {
  readonly node: string;
  /** No connection of the node is known any more; a new one gets a new outbox. */
  retired = false;
  /** Waits for the end of the turn. */
  dirty = false;
  /** What the broker has and the node has not confirmed. */
  readonly kept: KeptCommands = new KeptCommands();
  readonly #owner: OutboxOwner;
  readonly #batch: CommandBatch;
  /** Begins the names of all its streams. */
  readonly name: string;
  #stream: string;
  #generation = 0;
  #next = 0;

  constructor(node: string, name: string, owner: OutboxOwner) {
    this.node = node;
    this.name = `${name}:${node}:`;
    this.#stream = `${this.name}0`;
    this.#owner = owner;
    this.#batch = owner.newBatch();
  }

  get stream(): string {
    return this.#stream;
  }

  get items(): number {
    return this.#batch.items;
  }

  get bytes(): number {
    return this.#batch.bytes;
  }

  /** Number of the next command. */
  get next(): number {
    return this.#next + this.#batch.items;
  }

  send(id: Uint8Array, data: MessageData): void {
    const batch = this.#batch;
    this.#owner.admit(id.length + data.length + itemBytes);
    const before = batch.bytes;
    batch.send(id, data);
    this.#owner.written(this, batch.bytes - before);
  }

  sendMany(ids: readonly Uint8Array[], data: MessageData, ref?: string): void {
    this.#write(ids, data.length, (batch) => batch.sendMany(ids, data, ref));
  }

  close(ids: readonly Uint8Array[], closeCode: number, closeReason: string): void {
    if (!Number.isInteger(closeCode) || closeCode < 1000 || closeCode > 4999) {
      throw new ServiceError("command-malformed", `${closeCode} is no close code`);
    }
    // RFC 6455, 5.5: code and reason share the 125 bytes of a control frame.
    if (new TextEncoder().encode(closeReason).length > 123) {
      throw new ServiceError("command-malformed", "a close reason has 123 bytes at most");
    }
    this.#write(ids, closeReason.length, (batch) => batch.close(ids, closeCode, closeReason));
  }

  /** Number of the next batch's first command. */
  get sealed(): number {
    return this.#next;
  }

  /** The batch under construction, numbered. */
  take(): Uint8Array {
    const first = this.#next;
    this.#next = this.next;
    return this.#batch.take(this.#stream, first);
  }

  /** A batch is lost for good: a new stream, so that the node does not wait for what it misses. */
  renew(): void {
    this.#generation++;
    this.#stream = `${this.name}${this.#generation}`;
    this.#next = 0;
    this.kept.clear();
  }

  #write(
    ids: readonly Uint8Array[],
    dataBytes: number,
    write: (batch: CommandBatch) => void,
  ): void {
    let bytes = dataBytes + itemBytes;
    for (const id of ids) bytes += id.length;
    this.#owner.admit(bytes);
    const before = this.#batch.bytes;
    write(this.#batch);
    this.#owner.written(this, this.#batch.bytes - before);
  }
}
