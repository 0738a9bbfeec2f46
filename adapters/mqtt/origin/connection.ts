import type {
  Connection,
  ConnectionInfo,
  MessageData,
  OriginEvent,
  ReplyOptions,
  SendOutcome,
} from "./events.ts";
import type { BatchRecord } from "./handled-items.ts";
import type { NodeOutbox } from "./node-outbox.ts";

/** What a connection asks of its origin. */
export interface ConnectionOwner {
  outbox(node: string): NodeOutbox;
  sendWithReply(
    ids: Iterable<string | Connection>,
    data: MessageData,
    options?: ReplyOptions,
  ): Promise<ReadonlyMap<string, SendOutcome>>;
}

/** An event that waits for an async handler, and the batch that it came in. */
export interface WaitingEvent {
  readonly event: OriginEvent;
  readonly record: BatchRecord | undefined;
}

/** An id as MessagePack: a `str 8`, so that its two header bytes are always the same. */
export function packId(id: string): Uint8Array {
  const bytes = new TextEncoder().encode(id);
  const packed = new Uint8Array(2 + bytes.length);
  packed[0] = 0xd9;
  packed[1] = bytes.length;
  packed.set(bytes, 2);
  return packed;
}

/** The one handle of a connection while the origin knows it. */
export class OriginConnection implements Connection {
  readonly id: string;
  readonly node: string;
  /** The id as MessagePack, made once: every `send` copies it. */
  readonly packed: Uint8Array;
  info: ConnectionInfo | undefined;
  /** The node's incarnation, as its stream of events names it. */
  incarnation: string | undefined;
  /** Next handle with the same hash in the table. */
  chained: OriginConnection | undefined;
  /** Events that wait for an async handler; undefined while none runs. */
  waiting: WaitingEvent[] | undefined;
  /** Number of its last event that was told, -1 before any. */
  seq = -1;
  /** Something of it was dropped: it is being closed, and no message of it is told any more. */
  overloaded = false;
  readonly #owner: ConnectionOwner;
  #outbox: NodeOutbox | undefined;

  constructor(id: string, owner: ConnectionOwner) {
    this.id = id;
    this.node = id.slice(0, id.indexOf("."));
    this.packed = packId(id);
    this.#owner = owner;
  }

  send(data: MessageData): void {
    let outbox = this.#outbox;
    if (outbox === undefined || outbox.retired) {
      outbox = this.#owner.outbox(this.node);
      this.#outbox = outbox;
    }
    outbox.send(this.packed, data);
  }

  async sendWithReply(data: MessageData, options?: ReplyOptions): Promise<SendOutcome> {
    const outcomes = await this.#owner.sendWithReply([this], data, options);
    return outcomes.get(this.id) ?? "unknown";
  }

  close(closeCode = 1000, closeReason = ""): void {
    this.#owner.outbox(this.node).close([this.packed], closeCode, closeReason);
  }
}
