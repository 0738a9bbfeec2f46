import { type ErrorCode, errorCodeOf, limits } from "../../core/base/mod.ts";
import { type CommandDecoder, type MessageKind, NoSlot, type Verb } from "../../core/ports/mod.ts";
import { groupOf, idOf, noOptions, type PlainValues, textOf, verbNameOf } from "../values/mod.ts";
import type { Exports, Instance } from "./instance.ts";

/** Characters of the longest id that the contract allows. */
const idCharsMax = 64;

/** Reads command batches in WASM memory. Options, JSON and whole items become plain values. */
export class WasmCommands implements CommandDecoder {
  readonly #instance: Instance;
  readonly #exports: Exports;
  readonly #values: PlainValues;
  readonly #textAt: number;

  constructor(instance: Instance, values: PlainValues) {
    this.#instance = instance;
    this.#exports = instance.exports;
    this.#values = values;
    this.#textAt = this.#exports.text();
  }

  decode(payload: Uint8Array): ErrorCode | undefined {
    if (payload.length > limits.batchBytesMax) return this.#refused("batch-too-big");
    const json = payload[0] === 0x5b;
    const bytes = json ? this.#values.fromJson(payload) : payload;
    if (bytes === undefined) return this.#refused("batch-malformed");
    const at = this.#exports.commandRoom(bytes.length) >>> 0;
    this.#instance.bytes().set(bytes, at);
    const code = this.#exports.decode(at, bytes.length);
    return code === 0 ? undefined : errorCodeOf(code);
  }

  /** Drops the batch before, so that the cursor is on none. */
  #refused(code: ErrorCode): ErrorCode {
    this.#exports.decode(this.#exports.commandRoom(0), 0);
    return code;
  }

  stream(): string | undefined {
    const at = this.#exports.streamAt() >>> 0;
    return at === 0 ? undefined : textOf(this.#instance.view(at, this.#exports.streamBytes()));
  }

  first(): number {
    return this.#exports.first();
  }

  oldestAvailable(): number {
    return this.#exports.oldestAvailable();
  }

  items(): number {
    return this.#exports.items();
  }

  nextItem(): boolean {
    return this.#exports.nextItem() === 1;
  }

  verb(): Verb {
    return this.#exports.verb() as Verb;
  }

  verbName(): string {
    return verbNameOf(
      this.#instance.view(this.#exports.verbAt() >>> 0, this.#exports.verbBytes()),
    );
  }

  itemError(): ErrorCode | undefined {
    const code = this.#exports.itemError();
    return code === 0 ? undefined : errorCodeOf(code);
  }

  targets(): number {
    return this.#exports.targets();
  }

  target(index: number): number {
    return this.#exports.target(index);
  }

  targetId(index: number): string {
    if (this.#exports.seekTarget(index) === 0) return "";
    return idOf(this.#instance.view(this.#exports.idAt() >>> 0, this.#exports.idBytes()));
  }

  resolve(id: string): number {
    const { length } = id;
    if (length > idCharsMax) return NoSlot.malformed;
    const bytes = this.#instance.bytes();
    for (let i = 0; i < length; i++) {
      const unit = id.charCodeAt(i);
      if (unit > 0x7f) return NoSlot.malformed;
      bytes[this.#textAt + i] = unit;
    }
    return this.#exports.resolve(this.#textAt, length);
  }

  group(): string {
    return groupOf(this.#instance.view(this.#exports.groupAt() >>> 0, this.#exports.groupBytes()));
  }

  dataKind(): MessageKind {
    return this.#exports.dataKind() as MessageKind;
  }

  dataLength(): number {
    return this.#exports.dataBytes();
  }

  data(): Uint8Array {
    return this.#instance.view(this.#exports.dataAt() >>> 0, this.#exports.dataBytes());
  }

  dataText(): string {
    return textOf(this.data());
  }

  hasOptions(): boolean {
    return this.#exports.optionsAt() !== 0;
  }

  options(): Readonly<Record<string, unknown>> {
    const at = this.#exports.optionsAt() >>> 0;
    if (at === 0) return noOptions;
    return this.#values.decodeMap(this.#instance.copy(at, (this.#exports.itemEnd() >>> 0) - at));
  }

  value(): unknown[] {
    if (this.#exports.itemAt() === 0) return [];
    const value = this.#values.decodeValue(this.itemBytes());
    return Array.isArray(value) ? value : [value];
  }

  itemBytes(): Uint8Array {
    const at = this.#exports.itemAt() >>> 0;
    return this.#instance.copy(at, at === 0 ? 0 : (this.#exports.itemEnd() >>> 0) - at);
  }
}
