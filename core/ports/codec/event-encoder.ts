import type { MessageKind } from "../socket/mod.ts";

/**
 * Writes events into batch buffers. A *batch buffer* holds the batch under construction of one
 * numbered stream; each bound connection has one. Items are written as MessagePack, in place.
 */
export interface EventEncoder {
  /** Makes the batch buffer of a new stream whose first item is number 0. */
  openBuffer(stream: string): number;
  /** Drops a batch buffer that no connection is bound to. */
  closeBuffer(buffer: number): void;
  /** Items in the batch under construction. */
  bufferItems(buffer: number): number;
  /** Bytes of those items. */
  bufferBytes(buffer: number): number;
  /** Number of the next item to be written to the batch buffer: the stream's count so far. */
  bufferNext(buffer: number): number;
  /**
   * The batch under construction as `[1, stream, first, [items]]`, in a new exact ArrayBuffer
   * (MQTT.js clones a view's whole buffer). The batch buffer is empty afterwards.
   */
  takeBatch(buffer: number): Uint8Array<ArrayBuffer>;
  /** Adds one item that is MessagePack already. Never full: cold events may pass the target. */
  append(buffer: number, item: Uint8Array): void;

  /**
   * Binds a slot to a connection. `id` is the whole id (ASCII); the next seq becomes 1, because
   * 0 is the `open` event. Buffer -1: messages are handed out by the frame parser, not encoded.
   */
  bind(slot: number, id: string, buffer: number): void;
  /** Gives a bound slot another batch buffer. Not while a chunk of it is being parsed. */
  move(slot: number, buffer: number): void;
  /**
   * Sets the value (MessagePack) that stands as a fifth element in each message of the slot from
   * now on; undefined takes it away. At most `limits.stateBytesMax`. Not while a chunk of the slot
   * is being parsed. False, and the old one stays, where the states of all slots together would
   * pass `statesBytesMax`.
   */
  setState(slot: number, value: Uint8Array | undefined): boolean;
  /** A copy of the slot's state as it was set; undefined where it has none. */
  state(slot: number): Uint8Array | undefined;
  /** Frees the slot's state; its id reaches nobody from now on. */
  unbind(slot: number): void;
  /** The seq that the slot's next event will have. */
  nextSeq(slot: number): number;
  /** Takes the next seq, for an event that is written with `append`. */
  takeSeq(slot: number): number;

  /**
   * Writes `["message", id, seq, data, state?]` into the slot's buffer. False when that holds
   * items and this one would pass the target: nothing is written, take the batch and call again.
   */
  text(slot: number, data: string): boolean;
  /** UTF-8 bytes of the text that the last `text` wrote. */
  textBytes(): number;
  /** The same from bytes; of kind text they are UTF-8 already checked. */
  bytes(slot: number, kind: MessageKind, data: Uint8Array): boolean;
}
