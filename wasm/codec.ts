import { assert, type ErrorCode, errorCodeOf, limits } from "../core/base/mod.ts";
import {
  type Codec,
  type CodecOptions,
  type MessageKind,
  ParserStep,
  type ParserStep as Step,
  type Verb,
} from "../core/ports/mod.ts";
import { type Exports, instantiate } from "./instance.ts";
import { Memory } from "./memory.ts";
import { groupOf, idOf, noOptions, PlainValues, textOf, verbNameOf } from "./reference/mod.ts";
import { areaBytes, WasmEvents } from "./wasm-events.ts";

/** The codec over one WASM instance of its own. Values off the hot path take the plain way. */
export class WasmCodec implements Codec {
  readonly #wasm: Exports = instantiate();
  readonly #memory: Memory = new Memory(this.#wasm);
  readonly #values: PlainValues = new PlainValues();
  readonly #events: WasmEvents;
  readonly #options: CodecOptions;
  #messageBytesMax: number;
  readonly #inputAt: number;
  /** Block of a chunk that is larger than the input area; 0 where there is none. */
  #largeAt = 0;
  /** The slot of an unfinished chunk, -1 between chunks. */
  #unfinished = -1;

  constructor(options: CodecOptions) {
    this.#options = options;
    this.#messageBytesMax = options.messageBytesMax;
    this.#events = new WasmEvents(this.#wasm, this.#memory, options);
    this.#inputAt = this.#wasm.input();
  }

  limitBatches(batchBytesTarget: number, messageBytesMax: number): void {
    const options = this.#options;
    this.#messageBytesMax = Math.min(messageBytesMax, options.messageBytesMax);
    this.#wasm.limitBuffers(Math.min(batchBytesTarget, options.batchBytesTarget));
    this.#wasm.limitMessages(this.#messageBytesMax, Math.min(messageBytesMax, 0xffff_ffff));
  }
  get messageBytesMax(): number {
    return this.#messageBytesMax;
  }
  messageBytesMaxOf(slot: number): number {
    assert(this.#wasm.stateBytes(slot) >= 0, "the slot is bound");
    return this.#wasm.messageBytesMax(slot) >>> 0;
  }

  openBuffer(stream: string): number {
    return this.#events.openBuffer(stream);
  }
  closeBuffer(buffer: number): void {
    this.#events.closeBuffer(buffer);
  }
  bufferItems(buffer: number): number {
    return this.#events.bufferItems(buffer);
  }
  bufferBytes(buffer: number): number {
    return this.#events.bufferBytes(buffer);
  }
  bufferNext(buffer: number): number {
    return this.#events.bufferNext(buffer);
  }
  takeBatch(buffer: number): Uint8Array<ArrayBuffer> {
    return this.#events.takeBatch(buffer);
  }
  append(buffer: number, item: Uint8Array): void {
    this.#events.append(buffer, item);
  }
  bind(slot: number, id: string, buffer: number): void {
    this.#events.bind(slot, id, buffer);
  }
  move(slot: number, buffer: number): void {
    this.#events.move(slot, buffer);
  }
  setState(slot: number, value: Uint8Array | undefined): boolean {
    return this.#events.setState(slot, value);
  }
  state(slot: number): Uint8Array | undefined {
    return this.#events.state(slot);
  }
  nextSeq(slot: number): number {
    return this.#events.nextSeq(slot);
  }
  takeSeq(slot: number): number {
    return this.#events.takeSeq(slot);
  }
  text(slot: number, data: string): boolean {
    return this.#events.text(slot, data);
  }
  textBytes(): number {
    return this.#events.textBytes();
  }
  bytes(slot: number, kind: MessageKind, data: Uint8Array): boolean {
    return this.#events.bytes(slot, kind, data);
  }
  validUtf8(bytes: Uint8Array): boolean {
    return this.#events.validUtf8(bytes);
  }

  unbind(slot: number): void {
    assert(this.#wasm.unbind(slot) === 1, "the slot is bound");
    if (this.#unfinished === slot) this.#unfinished = -1;
  }

  attach(slot: number, deflate: boolean, bypassBatch?: boolean): void {
    const attached = this.#wasm.attach(slot, deflate ? 1 : 0, bypassBatch === true ? 1 : 0);
    assert(attached === 1, "the slot is bound");
  }

  feed(slot: number, chunk: Uint8Array): Step {
    assert(this.#unfinished === -1, "the last chunk is finished");
    const { length } = chunk;
    if (this.#largeAt !== 0) this.#freeLarge();
    let at = this.#inputAt;
    if (length > areaBytes) {
      this.#largeAt = this.#memory.allocate(length);
      at = this.#largeAt;
    }
    this.#memory.bytes().set(chunk, at);
    const step = this.#wasm.feed(slot, at, length);
    assert(step >= 0, "the slot is attached");
    return this.#stepped(slot, step as Step);
  }

  next(): Step {
    return this.#stepped(this.#unfinished, this.#wasm.next() as Step);
  }

  #stepped(slot: number, step: Step): Step {
    const ended = step === ParserStep.done || step >= ParserStep.close;
    this.#unfinished = ended ? -1 : slot;
    // A close frame's payload may still lie in the chunk: its block goes with the next feed.
    if (ended && step !== ParserStep.close && this.#largeAt !== 0) this.#freeLarge();
    return step;
  }

  #freeLarge(): void {
    this.#memory.free(this.#largeAt);
    this.#largeAt = 0;
  }

  payload(): Uint8Array {
    return this.#memory.view(this.#wasm.stepAt() >>> 0, this.#wasm.stepBytes());
  }
  fault(): ErrorCode {
    return errorCodeOf(this.#wasm.faultCode());
  }
  fedMessages(): number {
    return this.#wasm.fedMessages();
  }
  fedBytes(): number {
    return this.#wasm.fedBytes();
  }
  unfinishedBytes(slot: number): number {
    return this.#wasm.unfinishedBytes(slot);
  }
  partialBytes(): number {
    return this.#wasm.partialBytes();
  }

  decode(payload: Uint8Array): ErrorCode | undefined {
    if (payload.length > limits.batchBytesMax) return this.#refused("batch-too-big");
    const json = payload[0] === 0x5b;
    const bytes = json ? this.#values.fromJson(payload) : payload;
    if (bytes === undefined) return this.#refused("batch-malformed");
    const at = this.#wasm.commandRoom(bytes.length) >>> 0;
    this.#memory.bytes().set(bytes, at);
    const code = this.#wasm.decode(at, bytes.length);
    return code === 0 ? undefined : errorCodeOf(code);
  }

  /** Leaves the cursor on no batch at all. */
  #refused(code: ErrorCode): ErrorCode {
    this.#wasm.decode(this.#wasm.commandRoom(0), 0);
    return code;
  }

  stream(): string | undefined {
    const at = this.#wasm.streamAt() >>> 0;
    return at === 0 ? undefined : textOf(this.#memory.view(at, this.#wasm.streamBytes()));
  }
  first(): number {
    return this.#wasm.first();
  }
  base(): number {
    return this.#wasm.base();
  }
  items(): number {
    return this.#wasm.items();
  }
  nextItem(): boolean {
    return this.#wasm.nextItem() === 1;
  }
  verb(): Verb {
    return this.#wasm.verb() as Verb;
  }
  verbName(): string {
    return verbNameOf(this.#memory.view(this.#wasm.verbAt() >>> 0, this.#wasm.verbBytes()));
  }
  itemError(): ErrorCode | undefined {
    const code = this.#wasm.itemError();
    return code === 0 ? undefined : errorCodeOf(code);
  }
  targets(): number {
    return this.#wasm.targets();
  }
  target(index: number): number {
    return this.#wasm.target(index);
  }
  targetId(index: number): string {
    if (this.#wasm.seekTarget(index) === 0) return "";
    return idOf(this.#memory.view(this.#wasm.idAt() >>> 0, this.#wasm.idBytes()));
  }
  resolve(id: string): number {
    return this.#events.resolve(id);
  }
  group(): string {
    return groupOf(this.#memory.view(this.#wasm.groupAt() >>> 0, this.#wasm.groupBytes()));
  }
  dataKind(): MessageKind {
    return this.#wasm.dataKind() as MessageKind;
  }
  dataLength(): number {
    return this.#wasm.dataBytes();
  }
  data(): Uint8Array {
    return this.#memory.view(this.#wasm.dataAt() >>> 0, this.#wasm.dataBytes());
  }
  dataText(): string {
    return textOf(this.data());
  }
  hasOptions(): boolean {
    return this.#wasm.optionsAt() !== 0;
  }
  options(): Readonly<Record<string, unknown>> {
    const at = this.#wasm.optionsAt() >>> 0;
    if (at === 0) return noOptions;
    return this.#values.decodeMap(this.#memory.copy(at, (this.#wasm.itemEnd() >>> 0) - at));
  }
  value(): unknown[] {
    if (this.#wasm.itemAt() === 0) return [];
    const value = this.#values.decodeValue(this.itemBytes());
    return Array.isArray(value) ? value : [value];
  }
  itemBytes(): Uint8Array {
    const at = this.#wasm.itemAt() >>> 0;
    return this.#memory.copy(at, at === 0 ? 0 : (this.#wasm.itemEnd() >>> 0) - at);
  }

  encodeValue(value: unknown): Uint8Array {
    return this.#values.encodeValue(value);
  }
  decodeValue(bytes: Uint8Array): unknown {
    return this.#values.decodeValue(bytes);
  }
  toJson(bytes: Uint8Array): Uint8Array {
    return this.#values.toJson(bytes);
  }

  /** Bytes of the instance's heap, in use or free: level over any number of connections. */
  heapBytes(): number {
    return this.#wasm.heapBytes();
  }
}
