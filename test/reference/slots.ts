import { assert, limits } from "../../core/base/mod.ts";
import { type CodecOptions, ParserStep } from "../../core/ports/mod.ts";

/** Characters of a connection id after `NODE.`: 4 of the slot, 22 of a secret. */
export const idChars = 26;

/** Parser state of one slot, between its chunks. */
export interface FrameState {
  readonly deflate: boolean;
  /** Messages stop the parser although the slot has a batch buffer. */
  readonly bypassBatch: boolean;
  /** A close frame or a fault was parsed. Nothing after it is. */
  finished: boolean;
  /** Up to 14 bytes of an unfinished frame header. */
  readonly header: Uint8Array;
  headerLength: number;
  /** The header of a frame was read, and its payload was not, or not whole. */
  inFrame: boolean;
  /** The frame is its message's last. */
  last: boolean;
  opcode: number;
  /** The mask, and the index in it of the next payload byte. */
  mask: number;
  maskOffset: number;
  remaining: number;
  /** Opcode of the message being read; 0 between messages. */
  message: number;
  compressed: boolean;
  /** Frames that the message being read has so far. */
  fragments: number;
  /** The partial message is complete and waits for room in the batch buffer. */
  ready: boolean;
  utf8: number;
  partial: Uint8Array;
  partialLength: number;
  control: Uint8Array | undefined;
  controlLength: number;
}

export interface Slot {
  readonly id: string;
  /** -1 where messages stop the parser. */
  buffer: number;
  /** The start of the slot's items: `94` (`95` with a state), `a7 message`, str header, id. */
  readonly prefix: Uint8Array;
  seq: number;
  /** The state, which follows the data of each message. */
  state: Uint8Array | undefined;
  frames: FrameState | undefined;
}

const nothing = new Uint8Array(0);

export function newFrameState(deflate: boolean, bypassBatch: boolean): FrameState {
  return {
    deflate,
    bypassBatch,
    finished: false,
    header: new Uint8Array(14),
    headerLength: 0,
    inFrame: false,
    last: false,
    opcode: 0,
    mask: 0,
    maskOffset: 0,
    remaining: 0,
    message: 0,
    compressed: false,
    fragments: 0,
    ready: false,
    utf8: 0,
    partial: nothing,
    partialLength: 0,
    control: undefined,
    controlLength: 0,
  };
}

/** Whether the slot's messages stop the parser. */
export function bypassesBatch(slot: Slot, state: FrameState): boolean {
  return slot.buffer < 0 || state.bypassBatch;
}

/** The step that hands a message out. */
export function bypassBatch(text: boolean, compressed: boolean): ParserStep {
  if (compressed) return text ? ParserStep.deflatedText : ParserStep.deflatedBinary;
  return text ? ParserStep.text : ParserStep.binary;
}

/** Makes room for `bytes` more bytes of an unfinished message, and returns its bytes. */
export function growPartial(state: FrameState, bytes: number): Uint8Array {
  const needed = state.partialLength + bytes;
  if (needed > state.partial.length) {
    const grown = new Uint8Array(Math.max(128, needed, state.partial.length * 2));
    grown.set(state.partial.subarray(0, state.partialLength));
    state.partial = grown;
  }
  state.partialLength = needed;
  return state.partial;
}

export interface MessageLimits {
  readonly messageBytesMax: number;
  /** Bytes of a message and its slot's state together: what fits into a packet of the broker. */
  readonly dataAndStateBytesMax: number;
  readonly fragmentsMax: number;
}

/** The slot table, with what all slots share. */
export class Slots {
  readonly #slots: (Slot | undefined)[] = [];
  readonly #statesBytesMax: number;
  #stateBytes = 0;
  /** Bytes of unfinished messages of all slots. */
  partialBytes = 0;
  /** The limits at present: lowered where the broker takes less. */
  limits: MessageLimits;

  constructor(options: CodecOptions) {
    const { messageBytesMax, fragmentsMax = limits.fragmentsMax } = options;
    this.#statesBytesMax = options.statesBytesMax ?? limits.statesBytesMax;
    this.limits = { messageBytesMax, dataAndStateBytesMax: Infinity, fragmentsMax };
  }

  /** A slot's own limits: its state may leave a message less room. */
  limitsOf({ state }: Slot): MessageLimits {
    const { messageBytesMax, dataAndStateBytesMax } = this.limits;
    if (state === undefined) return this.limits;
    const room = Math.max(0, dataAndStateBytesMax - state.length);
    return { ...this.limits, messageBytesMax: Math.min(messageBytesMax, room) };
  }

  /** Drops what has come of an unfinished message and frame. */
  dropUnfinished(state: FrameState): void {
    this.partialBytes -= state.partialLength;
    state.partial = nothing;
    state.partialLength = 0;
    state.control = undefined;
    state.controlLength = 0;
    state.headerLength = 0;
    state.message = 0;
    state.utf8 = 0;
  }

  get(index: number): Slot | undefined {
    return this.#slots[index];
  }

  /** The slot, which must be bound. */
  bound(index: number): Slot {
    const slot = this.#slots[index];
    assert(slot !== undefined, "the slot is bound");
    return slot;
  }

  bind(index: number, slot: Slot): void {
    assert(index >= 0 && index < limits.connectionsMax, "the slot is in range");
    assert(this.#slots[index] === undefined, "the slot is free");
    this.#slots[index] = slot;
  }

  /** False, and the old state stays, where all states together would be too large. */
  setState(slot: Slot, state: Uint8Array | undefined): boolean {
    const total = this.#stateBytes + (state?.length ?? 0) - (slot.state?.length ?? 0);
    if (total > this.#statesBytesMax) return false;
    this.#stateBytes = total;
    slot.state = state;
    slot.prefix[0] = state === undefined ? 0x94 : 0x95;
    return true;
  }

  unbind(index: number): void {
    const slot = this.bound(index);
    this.setState(slot, undefined);
    if (slot.frames !== undefined) this.dropUnfinished(slot.frames);
    slot.frames = undefined;
    this.#slots[index] = undefined;
  }
}
