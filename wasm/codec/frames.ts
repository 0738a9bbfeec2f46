import { assert, type ErrorCode, errorCodeOf } from "../../core/base/mod.ts";
import { type FrameParser, ParserStep, type ParserStep as Step } from "../../core/ports/mod.ts";
import { areaBytes, type Exports, type Instance } from "./instance.ts";

/** Parses frames in WASM memory. */
export class WasmFrames implements FrameParser {
  readonly #instance: Instance;
  readonly #exports: Exports;
  readonly #inputAt: number;
  readonly #textAt: number;
  /** Block of a chunk that is larger than the input area; 0 if there is none. */
  #largeAt = 0;
  /** The slot of an unfinished chunk, -1 between chunks. */
  #unfinished = -1;

  constructor(instance: Instance) {
    this.#instance = instance;
    this.#exports = instance.exports;
    this.#inputAt = this.#exports.input();
    this.#textAt = this.#exports.text();
  }

  /** Drops the unfinished chunk of a slot that was unbound. */
  abandon(slot: number): void {
    if (this.#unfinished === slot) this.#unfinished = -1;
  }

  attach(slot: number, deflate: boolean, bypassBatch?: boolean): void {
    const attached = this.#exports.attach(slot, deflate ? 1 : 0, bypassBatch === true ? 1 : 0);
    assert(attached === 1, "the slot is bound");
  }

  feed(slot: number, chunk: Uint8Array): Step {
    assert(this.#unfinished === -1, "the last chunk is finished");
    const { length } = chunk;
    if (this.#largeAt !== 0) this.#freeLarge();
    let at = this.#inputAt;
    if (length > areaBytes) {
      this.#largeAt = this.#instance.allocate(length);
      at = this.#largeAt;
    }
    this.#instance.bytes().set(chunk, at);
    const step = this.#exports.feed(slot, at, length);
    assert(step >= 0, "the slot is attached");
    return this.#stepped(slot, step as Step);
  }

  next(): Step {
    return this.#stepped(this.#unfinished, this.#exports.next() as Step);
  }

  #stepped(slot: number, step: Step): Step {
    const ended = step === ParserStep.done || step >= ParserStep.close;
    this.#unfinished = ended ? -1 : slot;
    // The payload of a close frame may be in the chunk, so its block is freed by the next feed.
    if (ended && step !== ParserStep.close && this.#largeAt !== 0) this.#freeLarge();
    return step;
  }

  #freeLarge(): void {
    this.#instance.free(this.#largeAt);
    this.#largeAt = 0;
  }

  payload(): Uint8Array {
    return this.#instance.view(this.#exports.stepAt() >>> 0, this.#exports.stepBytes());
  }

  fault(): ErrorCode {
    return errorCodeOf(this.#exports.faultCode());
  }

  fedMessages(): number {
    return this.#exports.fedMessages();
  }

  fedBytes(): number {
    return this.#exports.fedBytes();
  }

  unfinishedBytes(slot: number): number {
    return this.#exports.unfinishedBytes(slot);
  }

  partialBytes(): number {
    return this.#exports.partialBytes();
  }

  validUtf8(bytes: Uint8Array): boolean {
    const { length } = bytes;
    const at = length <= areaBytes ? this.#textAt : this.#instance.allocate(length);
    this.#instance.bytes().set(bytes, at);
    const valid = this.#exports.validText(at, length) === 1;
    if (at !== this.#textAt) this.#instance.free(at);
    return valid;
  }
}
