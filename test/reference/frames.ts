import { assert, type ErrorCode } from "../../core/base/mod.ts";
import {
  type CodecOptions,
  type FrameParser,
  MessageKind,
  ParserStep,
  type ParserStep as Step,
} from "../../core/ports/mod.ts";
import { uint16 } from "../../wasm/values/walk.ts";
import { Chunk, maskFrom, maskFromPlace, unmask } from "./chunk.ts";
import type { ReferenceEvents } from "./events.ts";
import { checkClose, Opcode, readHeader } from "./headers.ts";
import {
  bypassBatch,
  bypassesBatch,
  type FrameState,
  growPartial,
  newFrameState,
  type Slot,
  type Slots,
} from "./slots.ts";
import { utf8Bad, utf8Step, utf8Valid } from "./utf8.ts";

const nothing = new Uint8Array(0);

/** The frame parser in plain TypeScript. */
export class ReferenceFrames implements FrameParser {
  readonly #slots: Slots;
  readonly #events: ReferenceEvents;
  readonly #partialBytesMax: number;
  /** The slot whose chunk is being parsed, and its chunk. */
  #slot: Slot | undefined;
  readonly #chunk: Chunk = new Chunk();
  #payload: Uint8Array = nothing;
  #fault: ErrorCode = "internal";
  #fedMessages = 0;
  #fedBytes = 0;

  constructor(slots: Slots, events: ReferenceEvents, options: CodecOptions) {
    this.#slots = slots;
    this.#events = events;
    this.#partialBytesMax = options.partialBytesMax;
  }

  attach(index: number, deflate: boolean, bypassBatch?: boolean): void {
    const slot = this.#slots.bound(index);
    if (slot.frames !== undefined) this.#slots.dropUnfinished(slot.frames);
    slot.frames = newFrameState(deflate, bypassBatch === true);
  }

  feed(index: number, chunk: Uint8Array): Step {
    // The chunk of a slot that was unbound is dropped.
    assert(this.#slot?.frames === undefined, "the last chunk is finished");
    const slot = this.#slots.bound(index);
    const state = slot.frames;
    assert(state !== undefined, "the slot is attached");
    this.#fedMessages = 0;
    this.#fedBytes = 0;
    if (state.finished) return ParserStep.done;
    this.#chunk.start(chunk);
    const step = this.#parse(slot, state);
    if (step === ParserStep.done || step >= ParserStep.close) {
      this.#chunk.start(nothing);
      return step;
    }
    // The caller may reuse its chunk, so the rest of it is copied.
    this.#slot = slot;
    this.#chunk.start(chunk.slice(this.#chunk.at));
    return step;
  }

  next(): Step {
    const slot = this.#slot;
    if (slot?.frames === undefined) return ParserStep.done;
    const step = this.#parse(slot, slot.frames);
    if (step === ParserStep.done || step >= ParserStep.close) {
      this.#slot = undefined;
      this.#chunk.start(nothing);
    }
    return step;
  }

  payload(): Uint8Array {
    return this.#payload;
  }

  fault(): ErrorCode {
    return this.#fault;
  }

  fedMessages(): number {
    return this.#fedMessages;
  }

  fedBytes(): number {
    return this.#fedBytes;
  }

  unfinishedBytes(index: number): number {
    const state = this.#slots.get(index)?.frames;
    return state === undefined || state.message === 0 ? -1 : state.partialLength;
  }

  partialBytes(): number {
    return this.#slots.partialBytes;
  }

  validUtf8(bytes: Uint8Array): boolean {
    return utf8Valid(bytes, 0, bytes.length);
  }

  #fail(state: FrameState, fault: ErrorCode): Step {
    this.#fault = fault;
    state.finished = true;
    this.#slots.dropUnfinished(state);
    return ParserStep.fault;
  }

  #parse(slot: Slot, state: FrameState): Step {
    if (state.ready) {
      const step = this.#finishMessage(slot, state);
      if (step !== ParserStep.done) return step;
    }
    for (;;) {
      if (!state.inFrame) {
        if (!bypassesBatch(slot, state) && state.message === 0 && state.headerLength === 0) {
          const step = this.#wholeMessages(slot, state);
          if (step !== ParserStep.done) return step;
        }
        if (this.#chunk.at === this.#chunk.end) return ParserStep.done;
        const fault = readHeader(state, this.#chunk, this.#slots.limitsOf(slot));
        if (fault !== undefined) return this.#fail(state, fault);
        if (!state.inFrame) return ParserStep.done;
      }
      const control = state.opcode >= Opcode.close;
      const step = control ? this.#readControl(state) : this.#readData(slot, state);
      if (step !== ParserStep.done) return step;
      if (state.inFrame) return ParserStep.done;
    }
  }

  /**
   * The fast path: writes messages into the slot's batch buffer as long as each is one frame that
   * is complete in the chunk. It stops before everything else, faults included, for the general
   * path.
   */
  #wholeMessages(slot: Slot, state: FrameState): Step {
    const chunk = this.#chunk;
    const { bytes } = chunk;
    const { messageBytesMax } = this.#slots.limitsOf(slot);
    while (chunk.at + 6 <= chunk.end) {
      const { at } = chunk;
      // FIN, no RSV, text or binary, masked, a length that is not the eight-byte one.
      const opcode = bytes[at]! ^ 0x80;
      const second = bytes[at + 1]!;
      if (opcode < 1 || opcode > 2 || second < 0x80 || second === 0xff) break;
      let length = second & 0x7f;
      let payload = at + 6;
      if (length === 126) {
        payload = at + 8;
        if (payload > chunk.end) break;
        length = uint16(bytes, at + 2);
        if (length < 126) break;
      }
      if (payload + length > chunk.end || length > messageBytesMax) break;
      const to = this.#events.openMessage(slot, opcode as MessageKind, length);
      if (to < 0) return ParserStep.bufferFull;
      const buffer = this.#events.buffer(slot);
      chunk.at = payload;
      const seen = unmask(chunk, length, maskFrom(bytes, payload - 4), buffer, to);
      if (seen > 127 && opcode === Opcode.text && !utf8Valid(buffer, to, to + length)) {
        return this.#fail(state, "message-not-utf8");
      }
      this.#events.closeMessage(slot, to + length);
      this.#count(length);
    }
    return ParserStep.done;
  }

  /** Unmasks the frame's next bytes to `to`. Above 127 where one of them is not ASCII. */
  #unmaskNext(state: FrameState, to: Uint8Array, at: number, length: number): number {
    const mask = maskFromPlace(state.mask, state.maskOffset);
    state.maskOffset = (state.maskOffset + length) & 3;
    state.remaining -= length;
    return unmask(this.#chunk, length, mask, to, at);
  }

  #readControl(state: FrameState): Step {
    const there = Math.min(this.#chunk.end - this.#chunk.at, state.remaining);
    const to = state.control ?? new Uint8Array(state.remaining);
    this.#unmaskNext(state, to, state.controlLength, there);
    state.controlLength += there;
    if (state.remaining > 0) {
      state.control = to;
      return ParserStep.done;
    }
    this.#payload = to;
    state.control = undefined;
    state.controlLength = 0;
    state.inFrame = false;
    if (state.opcode === Opcode.ping) return ParserStep.ping;
    if (state.opcode === Opcode.pong) return ParserStep.pong;
    const fault = checkClose(to);
    if (fault !== undefined) return this.#fail(state, fault);
    state.finished = true;
    this.#slots.dropUnfinished(state);
    return ParserStep.close;
  }

  #readData(slot: Slot, state: FrameState): Step {
    const there = Math.min(this.#chunk.end - this.#chunk.at, state.remaining);
    const whole = there === state.remaining && state.maskOffset === 0;
    if (state.last && state.partialLength === 0 && whole) return this.#readWhole(slot, state);
    const checked = state.message === Opcode.text && !state.compressed;
    if (there > 0) {
      if (this.#slots.partialBytes + there > this.#partialBytesMax) {
        return this.#fail(state, "parser-memory");
      }
      const at = state.partialLength;
      const to = growPartial(state, there);
      this.#slots.partialBytes += there;
      const seen = this.#unmaskNext(state, to, at, there);
      if (checked && (seen > 127 || state.utf8 !== 0)) {
        state.utf8 = utf8Step(state.utf8, to, at, at + there);
        if (state.utf8 === utf8Bad) return this.#fail(state, "message-not-utf8");
      }
    }
    if (state.remaining > 0) return ParserStep.done;
    state.inFrame = false;
    if (!state.last) return ParserStep.done;
    if (checked && state.utf8 !== 0) return this.#fail(state, "message-not-utf8");
    state.ready = true;
    return this.#finishMessage(slot, state);
  }

  /** Takes a message that is complete in the chunk, after its header. */
  #readWhole(slot: Slot, state: FrameState): Step {
    const length = state.remaining;
    const text = state.message === Opcode.text;
    if (state.compressed || bypassesBatch(slot, state)) {
      const payload = new Uint8Array(length);
      const seen = this.#unmaskNext(state, payload, 0, length);
      state.inFrame = false;
      const bad = text && !state.compressed && seen > 127 && !utf8Valid(payload, 0, length);
      if (bad) return this.#fail(state, "message-not-utf8");
      this.#payload = payload;
      state.message = 0;
      return bypassBatch(text, state.compressed);
    }
    const kind = text ? MessageKind.text : MessageKind.binary;
    const at = this.#events.openMessage(slot, kind, length);
    if (at < 0) return ParserStep.bufferFull;
    const to = this.#events.buffer(slot);
    const seen = this.#unmaskNext(state, to, at, length);
    if (text && seen > 127 && !utf8Valid(to, at, at + length)) {
      return this.#fail(state, "message-not-utf8");
    }
    this.#events.closeMessage(slot, at + length);
    state.inFrame = false;
    state.message = 0;
    this.#count(length);
    return ParserStep.done;
  }

  #count(bytes: number): void {
    this.#fedMessages++;
    this.#fedBytes += bytes;
  }

  #finishMessage(slot: Slot, state: FrameState): Step {
    const length = state.partialLength;
    const text = state.message === Opcode.text;
    let step: Step = ParserStep.done;
    if (state.compressed || bypassesBatch(slot, state)) {
      this.#payload = state.partial.subarray(0, length);
      step = bypassBatch(text, state.compressed);
    } else {
      const kind = text ? MessageKind.text : MessageKind.binary;
      const { partial } = state;
      if (!this.#events.bytesFrom(slot, kind, partial, 0, length)) return ParserStep.bufferFull;
      this.#count(length);
    }
    state.ready = false;
    this.#slots.dropUnfinished(state);
    return step;
  }
}
