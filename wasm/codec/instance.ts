import { limits } from "../../core/base/mod.ts";
import { moduleBase64 } from "../generated/module.ts";

/** Bytes of each of the module's areas: for a chunk, for a text. */
export const areaBytes: number = limits.chunkBytesMax;

/** The exports of wasm/assembly/index.ts. All are numbers; pointers are offsets into `memory`. */
export interface Exports {
  readonly memory: WebAssembly.Memory;
  init(
    prefixBytes: number,
    nodeBytes: number,
    messageBytesMax: number,
    batchBytesTarget: number,
    partialBytesMax: number,
    readyBytes: number,
    fragmentsMax: number,
  ): void;
  limitBuffers(batchBytesTarget: number): void;
  limitMessages(messageBytesMax: number, dataAndStateBytesMax: number): void;
  messageBytesMax(slot: number): number;
  allocate(bytes: number): number;
  free(pointer: number): void;
  heapBytes(): number;
  itemPrefix(): number;
  input(): number;
  text(): number;
  commandRoom(bytes: number): number;
  validText(at: number, length: number): number;

  openBuffer(stream: number, streamBytes: number): number;
  closeBuffer(buffer: number): void;
  isBuffer(buffer: number): number;
  bufferItems(buffer: number): number;
  bufferBytes(buffer: number): number;
  bufferNext(buffer: number): number;
  takeBatch(buffer: number): number;
  takenBytes(): number;
  append(buffer: number, bytes: number): number;
  bind(slot: number, buffer: number): number;
  move(slot: number, buffer: number): number;
  stateBytes(slot: number): number;
  stateBytesTotal(): number;
  stateAt(slot: number): number;
  setState(slot: number, bytes: number): number;
  unbind(slot: number): number;
  takeSeq(slot: number): number;
  nextSeq(slot: number): number;
  reserve(slot: number, kind: number, length: number): number;
  openText(slot: number, length: number): number;
  closeText(slot: number, end: number): void;
  addText(slot: number, from: number, length: number): number;

  attach(slot: number, deflate: number, bypassBatch: number): number;
  feed(slot: number, at: number, length: number): number;
  next(): number;
  stepAt(): number;
  stepBytes(): number;
  faultCode(): number;
  fedMessages(): number;
  fedBytes(): number;
  partialBytes(): number;
  unfinishedBytes(slot: number): number;

  decode(at: number, length: number): number;
  nextItem(): number;
  streamAt(): number;
  streamBytes(): number;
  first(): number;
  oldestAvailable(): number;
  items(): number;
  itemAt(): number;
  itemEnd(): number;
  verb(): number;
  verbAt(): number;
  verbBytes(): number;
  itemError(): number;
  targets(): number;
  target(index: number): number;
  seekTarget(index: number): number;
  resolve(at: number, length: number): number;
  idAt(): number;
  idBytes(): number;
  dataKind(): number;
  dataAt(): number;
  dataBytes(): number;
  optionsAt(): number;
  groupAt(): number;
  groupBytes(): number;
}

/** Bytes past an area that the module may read or overwrite: `SLACK_BYTES` of its constants. */
const slackBytes = 32;

/** A WASM instance, and a view of its memory that is renewed when the memory has grown. */
export class Instance {
  readonly exports: Exports;
  #bytes: Uint8Array<ArrayBuffer>;

  /** Compiles synchronously, which takes milliseconds. */
  constructor() {
    const binary = Uint8Array.from(atob(moduleBase64), (char) => char.charCodeAt(0));
    const instance = new WebAssembly.Instance(new WebAssembly.Module(binary));
    this.exports = instance.exports as unknown as Exports;
    this.#bytes = this.#view();
  }

  #view(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.exports.memory.buffer as ArrayBuffer);
  }

  /** The whole memory. Do not keep it over a call that may allocate. */
  bytes(): Uint8Array<ArrayBuffer> {
    // Growth detaches the old buffer, and a view of that has no length.
    if (this.#bytes.length === 0) this.#bytes = this.#view();
    return this.#bytes;
  }

  view(at: number, length: number): Uint8Array {
    return this.bytes().subarray(at, at + length);
  }

  copy(at: number, length: number): Uint8Array<ArrayBuffer> {
    return this.bytes().slice(at, at + length);
  }

  /** A block for `bytes` bytes, to be freed. */
  allocate(bytes: number): number {
    return this.exports.allocate(bytes + slackBytes) >>> 0;
  }

  free(at: number): void {
    this.exports.free(at);
  }
}
