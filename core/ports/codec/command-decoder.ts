import type { ErrorCode } from "../../base/mod.ts";
import type { MessageKind } from "../socket/mod.ts";

/** The verbs of commands by number; 0 is a verb that is not known. */
export const Verb = {
  unknown: 0,
  send: 1,
  close: 2,
  join: 3,
  leave: 4,
  publish: 5,
  state: 6,
  query: 7,
  ack: 8,
  accept: 9,
  reject: 10,
  renew: 11,
} as const;
export type Verb = (typeof Verb)[keyof typeof Verb];

/** What a connection id resolves to if it names no connection; slots are 0 and up. */
export const NoSlot = {
  /** An id of this node that no connection has now: closed, or of an earlier incarnation. */
  gone: -1,
  /** Not an id. */
  malformed: -2,
  /** An id of another node. */
  foreign: -3,
} as const;

/**
 * Reads a command batch with a cursor: `decode`, then `nextItem` until it is false. `decode`
 * checks the whole batch, so what is malformed as a whole is refused before any of it is carried
 * out. "The item" is the one that the cursor is on. Finish a batch before
 * decoding the next one.
 */
export interface CommandDecoder {
  /**
   * Starts to read a batch: MessagePack, or JSON if the first byte is `[`. The bytes are
   * copied. Undefined if the batch can be read, otherwise why not: `batch-too-big`,
   * `batch-malformed` or `batch-version`.
   */
  decode(payload: Uint8Array): ErrorCode | undefined;
  /** Name of a numbered batch's stream; undefined for a bare batch. */
  stream(): string | undefined;
  /** Number of a numbered batch's first item. */
  first(): number;
  /**
   * Number of the oldest item that the sender of a numbered batch can still repeat: the element
   * behind the items. -1 if there is none, or none that is a number.
   */
  oldestAvailable(): number;
  /** How many items the batch holds. */
  items(): number;
  /** Moves the cursor to the next item; false at the end. */
  nextItem(): boolean;
  /** The item's verb. */
  verb(): Verb;
  /** The item's verb as it was written, for the log; cut after 32 characters. */
  verbName(): string;
  /** `command-unknown`, `command-malformed`, or undefined if the item can be carried out. */
  itemError(): ErrorCode | undefined;
  /** How many ids the item names. */
  targets(): number;
  /** The slot of the item's id `index`, or one of `NoSlot`. */
  target(index: number): number;
  /** The item's id `index` as it was written; cut after 64 characters. */
  targetId(index: number): string;
  /** The slot of any id, or one of `NoSlot`: for ids in options. */
  resolve(id: string): number;
  /** The group that `publish`, `join`, `leave` or `query` names; empty if it names none. */
  group(): string;
  /** The kind of the data of `send` and `publish`; 0 for other verbs. */
  dataKind(): MessageKind;
  /** Bytes of that data. */
  dataLength(): number;
  /** That data: a view, valid until the next call of the codec that may grow its memory. */
  data(): Uint8Array;
  /** That data as a string. */
  dataText(): string;
  /** Whether the item's last element is an options map. */
  hasOptions(): boolean;
  /** The options map as plain values; empty if there is none. */
  options(): Readonly<Record<string, unknown>>;
  /** The whole item as plain values, for verbs off the hot path. */
  value(): unknown[];
  /** The whole item as MessagePack, a copy, to be forwarded. */
  itemBytes(): Uint8Array;
}
