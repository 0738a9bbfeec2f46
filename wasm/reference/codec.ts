import { type ErrorCode, limits } from "../../core/base/mod.ts";
import type { Codec, CodecOptions, MessageKind, ParserStep, Verb } from "../../core/ports/mod.ts";
import { PlainCommands } from "./commands.ts";
import { PlainEvents } from "./events.ts";
import { PlainFrames } from "./frames.ts";
import { limitsOf } from "./headers.ts";
import { Ids } from "./ids.ts";
import { Slots } from "./slots.ts";
import { PlainValues } from "./values.ts";

/** The codec in plain TypeScript: the twin of `WasmCodec`, which it equals byte for byte. */
export class PlainCodec implements Codec {
  readonly #options: CodecOptions;
  readonly #slots: Slots;
  readonly #values: PlainValues = new PlainValues();
  readonly #events: PlainEvents;
  readonly #frames: PlainFrames;
  readonly #commands: PlainCommands;

  constructor(options: CodecOptions) {
    this.#options = options;
    this.#slots = new Slots(options.statesBytesMax ?? limits.statesBytesMax);
    this.#events = new PlainEvents(options, this.#slots);
    this.#frames = new PlainFrames(options, this.#slots, this.#events);
    this.#commands = new PlainCommands(new Ids(options.node, this.#slots), this.#values);
  }

  limitBatches(batchBytesTarget: number, messageBytesMax: number): void {
    const options = this.#options;
    this.#events.bytesTarget = Math.min(batchBytesTarget, options.batchBytesTarget);
    const bytesMax = Math.min(messageBytesMax, options.messageBytesMax);
    this.#frames.limits = {
      ...this.#frames.limits,
      messageBytesMax: bytesMax,
      dataAndStateBytesMax: messageBytesMax,
    };
  }

  get messageBytesMax(): number {
    return this.#frames.limits.messageBytesMax;
  }
  messageBytesMaxOf(slot: number): number {
    return limitsOf(this.#slots.bound(slot), this.#frames.limits).messageBytesMax;
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
  unbind(slot: number): void {
    this.#frames.abandon(this.#slots.unbind(slot));
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

  attach(slot: number, deflate: boolean, bypassBatch?: boolean): void {
    this.#frames.attach(slot, deflate, bypassBatch);
  }
  feed(slot: number, chunk: Uint8Array): ParserStep {
    return this.#frames.feed(slot, chunk);
  }
  next(): ParserStep {
    return this.#frames.next();
  }
  payload(): Uint8Array {
    return this.#frames.payload();
  }
  fault(): ErrorCode {
    return this.#frames.fault();
  }
  fedMessages(): number {
    return this.#frames.fedMessages();
  }
  fedBytes(): number {
    return this.#frames.fedBytes();
  }
  unfinishedBytes(slot: number): number {
    return this.#slots.unfinishedBytes(slot);
  }
  partialBytes(): number {
    return this.#frames.partialBytes();
  }
  validUtf8(bytes: Uint8Array): boolean {
    return this.#frames.validUtf8(bytes);
  }

  decode(payload: Uint8Array): ErrorCode | undefined {
    return this.#commands.decode(payload);
  }
  stream(): string | undefined {
    return this.#commands.stream();
  }
  first(): number {
    return this.#commands.first();
  }
  base(): number {
    return this.#commands.base();
  }
  items(): number {
    return this.#commands.items();
  }
  nextItem(): boolean {
    return this.#commands.nextItem();
  }
  verb(): Verb {
    return this.#commands.verb();
  }
  verbName(): string {
    return this.#commands.verbName();
  }
  itemError(): ErrorCode | undefined {
    return this.#commands.itemError();
  }
  targets(): number {
    return this.#commands.targets();
  }
  target(index: number): number {
    return this.#commands.target(index);
  }
  targetId(index: number): string {
    return this.#commands.targetId(index);
  }
  resolve(id: string): number {
    return this.#commands.resolve(id);
  }
  group(): string {
    return this.#commands.group();
  }
  dataKind(): MessageKind {
    return this.#commands.dataKind();
  }
  dataLength(): number {
    return this.#commands.dataLength();
  }
  data(): Uint8Array {
    return this.#commands.data();
  }
  dataText(): string {
    return this.#commands.dataText();
  }
  hasOptions(): boolean {
    return this.#commands.hasOptions();
  }
  options(): Readonly<Record<string, unknown>> {
    return this.#commands.options();
  }
  value(): unknown[] {
    return this.#commands.value();
  }
  itemBytes(): Uint8Array {
    return this.#commands.itemBytes();
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
}
