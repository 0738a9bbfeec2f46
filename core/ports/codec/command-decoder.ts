import type { ErrorCode } from "../../base/mod.ts";
import type { MessageKind } from "../socket/mod.ts";

/** Commands by number; 0 is one that we do not know. */
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

/** What a target id resolved to where it is no slot (slots are 0 and up). */
export const Target = {
  /** An id of this node that no connection has now: closed, or of an earlier incarnation. */
  gone: -1,
  /** Not an id. */
  malformed: -2,
  /** An id of another node. */
  foreign: -3,
} as const;

/**
 * Reads a command batch item by item, a cursor over bytes in WASM memory. `decode` walks the whole
 * batch first: what is malformed as a whole is refused before anything of it is carried out.
 * MessagePack, or JSON when the first byte is `[`. Finish one batch before decoding the next.
 */
export interface CommandDecoder {
  /** Undefined when the batch can be read, else why not. */
  decode(payload: Uint8Array): ErrorCode | undefined;
  /** The stream of a numbered batch, undefined for a bare one. */
  stream(): string | undefined;
  /** Number of the first item of a numbered batch. */
  first(): number;
  /**
   * Number of the oldest item that the sender of a numbered batch could still send again; -1
   * where it does not say, or says no number.
   */
  base(): number;
  /** How many items the batch holds. */
  items(): number;
  /** Moves to the next item; false at the end. */
  nextItem(): boolean;
  /** Verb of the current item. */
  verb(): Verb;
  /** The verb as written, for the log: at most 32 characters. */
  verbName(): string;
  /** Why the current item cannot be carried out (wrong shape, unknown verb), or undefined. */
  itemError(): ErrorCode | undefined;
  /** How many ids the current item names, where its verb has any. */
  targets(): number;
  /** The slot of target `index`, or one of `Target`. */
  target(index: number): number;
  /** Target `index` as written, at most 64 characters. */
  targetId(index: number): string;
  /** The slot of any id, or one of `Target`: for ids that stand in options. */
  resolve(id: string): number;
  /** The group that `publish`, `join`, `leave` or `query` names; empty where it names none. */
  group(): string;
  /** `send` and `publish`: the data's kind and place, to be read with `data…`. */
  dataKind(): MessageKind;
  dataLength(): number;
  /** A view of the data, valid until the next call on the codec that may grow its memory. */
  data(): Uint8Array;
  /** The data as a string, without a copy in between where the runtime allows. */
  dataText(): string;
  /** Whether the last element is an options map. */
  hasOptions(): boolean;
  /** The options map as plain values; empty where there is none. The data is not decoded. */
  options(): Readonly<Record<string, unknown>>;
  /** The current item as plain values: for verbs and options off the hot path. */
  value(): unknown[];
  /** The current item's MessagePack bytes, as a copy: for forwarding. */
  itemBytes(): Uint8Array;
}
