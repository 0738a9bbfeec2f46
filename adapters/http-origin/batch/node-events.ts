import { LatestMap, nodeLostClose, parseJson, ServiceError } from "../../../core/base/mod.ts";
import { type Acknowledgement, ReliableReceiver } from "../../../core/streams/mod.ts";
import { originLimits } from "../../origin/base/mod.ts";
import { isOwn } from "../../origin/receive/mod.ts";
import type { CommandAck } from "../../origin/send/mod.ts";
import { batchLimits } from "./batch-limits.ts";
import { LeftOutEvents, nothing } from "./left-out.ts";
import { Piece } from "./piece.ts";
import { PieceQueue } from "./piece-queue.ts";
import { type ItemSpan, parseItem, readBatchHead, scanItems } from "./scan-items.ts";

/** What a node says besides events of connections. */
export interface NodeEventsListener {
  /** Items are handled, or missing: the node must get this acknowledgement. */
  ackDue(ack: Acknowledgement): void;
  /** The node has carried out commands, or misses some. */
  acknowledged(ack: CommandAck): void;
  /** The node has given everything to other origins. */
  released(): void;
  /** The node was taken for dead, and its connections were reported as closed. Now it goes on. */
  revived(): void;
  /** An item of another node's connection was dropped. */
  foreign(): void;
  failed(error: ServiceError): void;
}

interface Stream {
  readonly name: string;
  readonly incarnation: string | undefined;
  readonly receiver: ReliableReceiver;
  /** Every item below is handled. */
  handled: number;
}

interface Scanned {
  readonly count: number;
  /** Where the items end. */
  readonly end: number;
  /** Items that are no messages of this node's connections, by their index in the batch. */
  readonly others: ReadonlyMap<number, ItemSpan>;
}

/**
 * The events of one node on their way to an HTTP origin: the numbered stream that brings them, and
 * the items that the origin has not confirmed, as text. Messages are not decoded. It remembers
 * which connections the origin was told of, because a node that dies cannot report their close.
 */
export class NodeEvents {
  readonly #node: string;
  readonly #listener: NodeEventsListener;
  /** Begins each message of a connection of this node, as nodes write it. */
  readonly #message: Uint8Array;
  readonly #pieces: PieceQueue = new PieceQueue();
  #stream: Stream | undefined;
  /** Names of streams that are over. */
  readonly #ended: LatestMap<string, true> = new LatestMap(originLimits.endedStreamsMax);
  /** Connections that the origin was told of, with the incarnation of their node. */
  readonly #connections: Map<string, string | undefined> = new Map();
  readonly #leftOut: LeftOutEvents = new LeftOutEvents();
  /** The node was taken for dead. */
  #isLost = false;
  /** Its incarnation then. */
  #lost: string | undefined;
  /** A batch was refused because there was no room. */
  #refused = false;

  constructor(node: string, listener: NodeEventsListener) {
    this.#node = node;
    this.#listener = listener;
    this.#message = Buffer.from(`["message","${node}.`);
  }

  /** Bytes of items that the origin has not confirmed. */
  get bytes(): number {
    return this.#pieces.bytes;
  }

  /** The node was taken for dead, and no other incarnation of it has sent events. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Connections that the origin was told of and that were not closed. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Tells the node how far its stream was received, so that it repeats the rest. */
  acknowledgeReceived(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#listener.ackDue(["ack", stream.name, stream.handled, stream.receiver.next]);
  }

  /** A batch came. What is kept of it is a copy. */
  receive(payload: Uint8Array): void {
    const head = readBatchHead(payload);
    if (head === undefined) {
      this.#bare(payload);
      return;
    }
    // The node has given this stream up; the broker still delivers what is left of it.
    if (this.#ended.has(head.stream)) return;
    const scanned = this.#scan(payload, head.itemsAt);
    if (scanned === undefined) {
      this.#listener.failed(malformed(this.#node));
      return;
    }
    this.#numbered(this.#streamOf(head.stream), head.first, payload.slice(0, scanned.end), {
      itemsAt: head.itemsAt,
      ...scanned,
    });
  }

  /** The node is dead, or has restarted as `alive`: its other connections are closed. */
  nodeLost(alive: string | undefined): void {
    const closes: string[] = [];
    const { closeCode, closeReason, cause } = nodeLostClose;
    for (const [id, incarnation] of this.#connections) {
      if (alive !== undefined && incarnation === alive) continue;
      this.#connections.delete(id);
      this.#leftOut.delete(id);
      closes.push(JSON.stringify(["close", id, null, closeCode, closeReason, cause]));
    }
    for (let from = 0; from < closes.length; from += batchLimits.lostItemsMax) {
      const some = closes.slice(from, from + batchLimits.lostItemsMax);
      this.#pieces.add(new Piece(undefined, 0, some.length, Buffer.from(some.join(","))));
    }
    this.#isLost = alive === undefined;
    this.#lost = this.#isLost ? this.#stream?.incarnation : undefined;
  }

  /** The next items for one request, as `PieceQueue` says. */
  take(itemsMax: number, bytesMax: number): readonly Piece[] {
    return this.#pieces.take(itemsMax, bytesMax);
  }

  /** This connection is being closed: the rest of its messages are left out. */
  leaveOut(id: string): void {
    this.#leftOut.add(id);
    this.#pieces.rewrite((items) => this.#leftOut.without(items));
  }

  /** The origin has handled the items of these pieces below `count`. */
  confirm(taken: readonly Piece[], count: number): void {
    const { stream: name } = taken[0]!;
    this.#pieces.confirm(taken, count);
    const stream = this.#stream;
    if (stream !== undefined && stream.name === name && count > stream.handled) {
      stream.handled = count;
      this.#listener.ackDue(["ack", name, count]);
    }
    if (!this.#refused || this.bytes > batchLimits.heldBytesMax / 2) return;
    this.#refused = false;
    this.acknowledgeReceived();
  }

  #numbered(
    stream: Stream,
    first: number,
    batch: Uint8Array,
    { itemsAt, count, others }: Scanned & { readonly itemsAt: number },
  ): void {
    if (this.#lost !== undefined && this.#lost === stream.incarnation) {
      this.#listener.revived();
      return;
    }
    this.#isLost = false;
    if (this.bytes + batch.length > batchLimits.heldBytesMax && this.bytes > 0) {
      this.#refused = true;
      return;
    }
    const { skip, gap } = stream.receiver.accept(first, count, 0);
    if (gap > 0 || skip === count) {
      // Without room the same batch would come again and again, so it is not asked for.
      if (!this.#refused) this.acknowledgeReceived();
      return;
    }
    const bytes = this.#withoutForeign(batch, others, skip);
    const piece = new Piece(stream.name, first, count, bytes.subarray(itemsAt));
    this.#pieces.add(skip > 0 ? piece.split(skip)[1] : piece);
  }

  /** The stream of this name. Where it is a new one, the last one is over. */
  #streamOf(name: string): Stream {
    const former = this.#stream;
    if (former?.name === name) return former;
    const incarnation = name.split(":")[1];
    if (former !== undefined) {
      this.#ended.set(former.name, true);
      // What the node gave up it sends again, here or to others. A node that restarted cannot.
      if (former.incarnation === incarnation) {
        this.#pieces.drop(former.name);
        this.#refused = false;
      }
    }
    const stream = { name, incarnation, receiver: new ReliableReceiver(), handled: 0 };
    this.#stream = stream;
    return stream;
  }

  /** Finds the items without decoding them. Undefined if the bytes are malformed. */
  #scan(payload: Uint8Array, itemsAt: number): Scanned | undefined {
    const others = new Map<number, ItemSpan>();
    let count = 0;
    const end = scanItems(payload, itemsAt, (start, itemEnd) => {
      const isTaken = this.#isMessage(payload, start) && !this.#leftOut.isMessage(payload, start);
      if (!isTaken) others.set(count, { start, end: itemEnd });
      count++;
      return true;
    });
    return end < 0 ? undefined : { count, end, others };
  }

  #isMessage(bytes: Uint8Array, start: number): boolean {
    const message = this.#message;
    for (let index = 0; index < message.length; index++) {
      if (bytes[start + index] !== message[index]) return false;
    }
    return true;
  }

  /** Notes what new items say of connections. Foreign ones and those left out are replaced. */
  #withoutForeign(
    batch: Uint8Array,
    others: ReadonlyMap<number, ItemSpan>,
    skip: number,
  ): Uint8Array {
    const parts: Uint8Array[] = [];
    let kept = 0;
    for (const [index, { start, end }] of others) {
      if (index < skip) continue;
      const item = parseItem(batch.subarray(start, end));
      const isForeign = item !== undefined && !isOwn(this.#node, item);
      if (item === undefined) this.#listener.failed(malformed(this.#node));
      else if (isForeign) this.#listener.foreign();
      else if (!this.#leftOut.isMessage(batch, start)) {
        this.#note(item);
        continue;
      }
      parts.push(batch.subarray(kept, start), nothing);
      kept = end;
    }
    return parts.length === 0 ? batch : Buffer.concat([...parts, batch.subarray(kept)]);
  }

  #note([verb, subject]: readonly unknown[]): void {
    const ids = Array.isArray(subject) ? subject : [subject];
    for (const id of ids) {
      if (typeof id !== "string") continue;
      if (verb === "open" || verb === "assigned" || verb === "alive") {
        this.#connections.set(id, this.#stream?.incarnation);
      } else if (verb === "close" || verb === "moved") {
        this.#connections.delete(id);
        this.#leftOut.delete(id);
      }
    }
  }

  /** Items without numbers: acknowledgements, the end of leaving, replies while leaving. */
  #bare(payload: Uint8Array): void {
    const items = parseJson(payload);
    if (!Array.isArray(items) || (items.length > 0 && !Array.isArray(items[0]))) {
      this.#listener.failed(malformed(this.#node));
      return;
    }
    for (const item of items) {
      if (!Array.isArray(item) || !isOwn(this.#node, item)) this.#listener.foreign();
      else if (item[0] === "ack") this.#acknowledged(item);
      else if (item[0] === "released") this.#listener.released();
      else if (item[0] === "reply") {
        this.#pieces.add(new Piece(undefined, 0, 1, Buffer.from(JSON.stringify(item))));
      }
    }
  }

  #acknowledged([, stream, count, missing, sender]: readonly unknown[]): void {
    if (typeof stream !== "string" || typeof count !== "number") return;
    this.#listener.acknowledged({
      stream,
      count,
      received: typeof missing === "number" ? missing : undefined,
      sender: typeof sender === "string" ? sender : undefined,
    });
  }
}

function malformed(node: string): ServiceError {
  return new ServiceError("batch-malformed", `a batch of node ${node} is not valid JSON`);
}
