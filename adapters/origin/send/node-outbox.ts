import { encode } from "@msgpack/msgpack";
import { checkClose, type MessageData } from "../base/mod.ts";
import type { CommandBatch, CommandOptions } from "./command-batch.ts";
import type { Expiry } from "./expiry.ts";
import { KeptCommands } from "./kept-commands.ts";

/** What a node's outbox asks of the whole. */
export interface OutboxOwner {
  /** Throws `send-queue-full` or `batch-too-big` where `bytes` more are too many. */
  admit(bytes: number): void;
  /** Something was written, `bytes` of it: publish it at the end of this turn, or now. */
  written(outbox: NodeOutbox, bytes: number): void;
  newBatch(): CommandBatch;
  /** A number that no stream had: a node that was only taken for dead remembers them all. */
  newStream(): number;
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
  #batch: CommandBatch;
  /** An empty batch with room, to go on with. */
  #spare: CommandBatch | undefined;
  /** Begins the names of all its streams. */
  readonly name: string;
  #stream: string;
  #next = 0;

  constructor(node: string, name: string, owner: OutboxOwner) {
    this.node = node;
    this.name = `${name}:${node}:`;
    this.#stream = `${this.name}${owner.newStream()}`;
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

  send(id: Uint8Array, data: MessageData): void {
    const batch = this.#batch;
    this.#owner.admit(id.length + data.length + itemBytes);
    const before = batch.bytes;
    batch.send(id, data);
    this.#owner.written(this, batch.bytes - before);
  }

  sendMany(
    ids: readonly Uint8Array[],
    data: MessageData,
    { options, expiry }: { readonly options?: CommandOptions; readonly expiry?: Expiry } = {},
  ): void {
    this.#write(ids, data.length, (batch) => {
      batch.sendMany(ids, data, options);
      if (expiry !== undefined) batch.mark(expiry);
    });
  }

  /** Any command but those above. */
  command(item: readonly unknown[]): void {
    this.#write([], encode(item).length, (batch) => batch.add(item));
  }

  close(ids: readonly Uint8Array[], closeCode: number, closeReason: string): void {
    checkClose(closeCode, closeReason);
    this.#write(ids, closeReason.length, (batch) => batch.close(ids, closeCode, closeReason));
  }

  /** The batch under construction; another one is begun. */
  seal(): CommandBatch {
    const batch = this.#batch;
    this.#batch = this.#spare ?? this.#owner.newBatch();
    this.#spare = undefined;
    return batch;
  }

  /**
   * Numbers a sealed batch, in the order in which they go out for the first time: so that what
   * expired meanwhile leaves no gap. Undefined where nothing of it is left.
   */
  number(batch: CommandBatch): { readonly payload: Uint8Array; readonly end: number } | undefined {
    const { items } = batch;
    if (items === 0) return undefined;
    const payload = batch.take(this.#stream, this.#next);
    this.#next += items;
    this.#spare = batch;
    return { payload, end: this.#next };
  }

  /** A batch is lost for good: a new stream, so that the node does not wait for what it misses. */
  renew(): void {
    this.#stream = `${this.name}${this.#owner.newStream()}`;
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
