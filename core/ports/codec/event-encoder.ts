import type { MessageKind } from "../socket/mod.ts";

/**
 * Writes events into batch buffers, in MessagePack. A *batch buffer* holds the batch under
 * construction of one numbered stream. A *slot* is the index of a connection in the codec's
 * tables; it is bound to the connection's id and to the batch buffer that its events go to. What
 * is documented as a duty of the caller is asserted.
 */
export interface EventEncoder {
  /** Opens the batch buffer of a new stream, whose first item is number 0; the buffer's index. */
  openBuffer(stream: string): number;
  /** Frees a batch buffer. No slot may be bound to it. */
  closeBuffer(buffer: number): void;
  /** Items in the batch under construction. */
  bufferItems(buffer: number): number;
  /** Bytes of those items. */
  bufferBytes(buffer: number): number;
  /** Number of the next item to be written: how many items the stream has had so far. */
  bufferNext(buffer: number): number;
  /**
   * Takes the batch under construction, `[1, stream, first, [item, …]]`, and leaves the buffer
   * empty. The bytes have an ArrayBuffer of their own. Those of a large batch have
   * `limits.packetRoomBytes` before them in it, which anyone may overwrite: a transport writes its
   * header there, and copies nothing.
   */
  takeBatch(buffer: number): Uint8Array<ArrayBuffer>;
  /** Adds an item that is MessagePack already. It is always taken, past the target too. */
  append(buffer: number, item: Uint8Array): void;

  /**
   * Lowers the batch target and the largest message to what the broker takes, in bytes, or raises
   * them again; never above what the codec was made with. A message and its slot's state together
   * keep to this `messageBytesMax`. What a batch buffer holds already stays.
   */
  limitBatches(batchBytesTarget: number, messageBytesMax: number): void;
  /** Bytes of the largest message at present, of a slot without a state. */
  readonly messageBytesMax: number;
  /**
   * Bytes of a slot's largest message; smaller if its state needs room in the broker's packet.
   */
  messageBytesMaxOf(slot: number): number;

  /**
   * Binds a free slot to a connection. `id` is the whole id (ASCII). The slot's next seq becomes
   * 1: 0 is the `open` event. With -1 for a buffer, the frame parser hands all messages out.
   */
  bind(slot: number, id: string, buffer: number): void;
  /** Binds a bound slot to another batch buffer. Not while one of its chunks is being parsed. */
  move(slot: number, buffer: number): void;
  /** Frees a bound slot. From now on its id resolves to `NoSlot.gone`. */
  unbind(slot: number): void;
  /**
   * Sets the state, one MessagePack value of at most `limits.stateBytesMax`, that is the
   * fifth element in each message of the slot from now on; undefined removes it. False, and the
   * old state stays, if all states together would pass `statesBytesMax`. Not while a chunk of
   * the slot is being parsed.
   */
  setState(slot: number, value: Uint8Array | undefined): boolean;
  /** A copy of the slot's state; undefined if it has none. */
  state(slot: number): Uint8Array | undefined;
  /** The seq that the slot's next event will have. */
  nextSeq(slot: number): number;
  /** Takes the slot's next seq, for an event that is written by `append`. */
  takeSeq(slot: number): number;

  /**
   * Writes `["message", id, seq, data, state?]` into the slot's batch buffer. False if that
   * holds items and this one would pass the target: nothing is written; take the batch, call
   * again.
   */
  text(slot: number, data: string): boolean;
  /** UTF-8 bytes of the text that the last call of `text` wrote. */
  textBytes(): number;
  /** Writes the item from bytes; those of kind text must be valid UTF-8. */
  bytes(slot: number, kind: MessageKind, data: Uint8Array): boolean;
}
