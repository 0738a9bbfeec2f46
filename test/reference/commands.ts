import { type ErrorCode, limits } from "../../core/base/mod.ts";
import {
  type CommandDecoder,
  type MessageKind as Kind,
  MessageKind,
  NoSlot,
  Verb,
} from "../../core/ports/mod.ts";
import {
  groupOf,
  idOf,
  noOptions,
  type PlainValues,
  textOf,
  verbNameOf,
} from "../../wasm/values/mod.ts";
import { passValue } from "../../wasm/values/walk.ts";
import { streamBytesMax } from "./events.ts";
import type { Ids } from "./ids.ts";
import { isInteger, isMap, readArray, readBin, readCount, readStr, type Stretch } from "./read.ts";
import { fits, groupPlace, least, verbOf } from "./shapes.ts";
import { utf8Valid } from "./utf8.ts";

const nothing = new Uint8Array(0);
const none: Stretch = { at: 0, length: 0 };

/** The content of the current item. */
interface Item {
  readonly at: number;
  end: number;
  verb: Verb;
  name: Stretch;
  error: ErrorCode | undefined;
  /** Where each id starts. */
  targets: readonly number[];
  dataKind: Kind;
  data: Stretch;
  group: Stretch;
  /** Where the options map starts, which ends with the item; -1 where there is none. */
  options: number;
}

function newItem(at: number): Item {
  return {
    at,
    end: at,
    verb: Verb.unknown,
    name: none,
    error: undefined,
    targets: [],
    // The item has no data.
    dataKind: 0 as Kind,
    data: none,
    group: none,
    options: -1,
  };
}

/** The command decoder in plain TypeScript. */
export class ReferenceCommands implements CommandDecoder {
  readonly #ids: Ids;
  readonly #values: PlainValues;
  #bytes: Uint8Array = nothing;
  #stream: string | undefined;
  #first = 0;
  #oldestAvailable = -1;
  #items = 0;
  #left = 0;
  #item: Item = newItem(0);
  #nextAt = 0;

  constructor(ids: Ids, values: PlainValues) {
    this.#ids = ids;
    this.#values = values;
  }

  decode(payload: Uint8Array): ErrorCode | undefined {
    this.#reset();
    if (payload.length > limits.batchBytesMax) return "batch-too-big";
    const json = payload[0] === 0x5b;
    const bytes = json ? this.#values.fromJson(payload) : payload.slice();
    if (bytes === undefined || bytes.length === 0) return "batch-malformed";
    if (passValue(bytes, 0, bytes.length) !== bytes.length) return "batch-malformed";
    const batch = readArray(bytes, 0);
    if (batch === undefined) return "batch-malformed";
    this.#bytes = bytes;
    // A first element that is an integer is the version of a numbered batch.
    if (batch.length > 0 && isInteger(bytes[batch.at]!)) return this.#readNumbered(batch);
    this.#begin(batch);
    return undefined;
  }

  #reset(): void {
    this.#bytes = nothing;
    this.#stream = undefined;
    this.#first = 0;
    this.#oldestAvailable = -1;
    this.#begin(none);
  }

  #begin(items: Stretch): void {
    this.#items = items.length;
    this.#left = items.length;
    this.#nextAt = items.at;
    this.#item = newItem(0);
  }

  #readNumbered(batch: Stretch): ErrorCode | undefined {
    const bytes = this.#bytes;
    if (readCount(bytes, batch.at) !== 1) return "batch-version";
    if (batch.length < 4) return "batch-malformed";
    const stream = readStr(bytes, passValue(bytes, batch.at, bytes.length));
    if (stream === undefined || stream.length > streamBytesMax) return "batch-malformed";
    const firstAt = stream.at + stream.length;
    if (!utf8Valid(bytes, stream.at, firstAt)) return "batch-malformed";
    const first = readCount(bytes, firstAt);
    const itemsAt = passValue(bytes, firstAt, bytes.length);
    const items = readArray(bytes, itemsAt);
    if (first < 0 || items === undefined) return "batch-malformed";
    this.#stream = textOf(bytes.subarray(stream.at, firstAt));
    this.#first = first;
    // Only a number is meant: anything else is a trailing element that we do not know.
    if (batch.length > 4)
      this.#oldestAvailable = readCount(bytes, passValue(bytes, itemsAt, bytes.length));
    this.#begin(items);
    return undefined;
  }

  stream(): string | undefined {
    return this.#stream;
  }

  first(): number {
    return this.#first;
  }

  oldestAvailable(): number {
    return this.#oldestAvailable;
  }

  items(): number {
    return this.#items;
  }

  nextItem(): boolean {
    this.#item = newItem(this.#nextAt);
    if (this.#left === 0) {
      this.#item = newItem(0);
      return false;
    }
    this.#left--;
    const item = this.#item;
    item.error = this.#read(item);
    if (item.error !== undefined) {
      item.end = passValue(this.#bytes, item.at, this.#bytes.length);
      item.targets = [];
      item.dataKind = 0 as Kind;
      item.data = none;
      item.group = none;
    }
    this.#nextAt = item.end;
    return true;
  }

  /** Reads verb, ids and data, and checks the shape of the first four elements. */
  #read(item: Item): ErrorCode | undefined {
    const bytes = this.#bytes;
    const array = readArray(bytes, item.at);
    const name = array && array.length > 0 ? readStr(bytes, array.at) : undefined;
    if (array === undefined || name === undefined) return "command-malformed";
    item.name = name;
    item.verb = verbOf(bytes, name);
    if (item.verb === Verb.unknown) return "command-unknown";
    let element = name.at + name.length;
    let last = -1;
    for (let place = 1; place < array.length; place++) {
      if (place < 4 && !fits(bytes, element, item.verb, place)) return "command-malformed";
      if (place === 1) item.targets = this.#targetsAt(element, item.verb);
      if (place === 2) this.#readData(item, element);
      if (place === groupPlace(item.verb)) item.group = readStr(bytes, element) ?? none;
      last = element;
      element = passValue(bytes, element, bytes.length);
    }
    if (array.length < least(item.verb)) return "command-malformed";
    item.end = element;
    if (array.length > least(item.verb) && isMap(bytes[last]!)) item.options = last;
    return undefined;
  }

  #targetsAt(at: number, verb: Verb): readonly number[] {
    if (verb === Verb.publish || verb === Verb.ack) return [];
    const array = readArray(this.#bytes, at);
    if (array === undefined) return verb === Verb.query ? [] : [at];
    const targets: number[] = [];
    let element = array.at;
    for (let i = 0; i < array.length; i++) {
      targets.push(element);
      element = passValue(this.#bytes, element, this.#bytes.length);
    }
    return targets;
  }

  #readData(item: Item, at: number): void {
    if (item.verb !== Verb.send && item.verb !== Verb.publish) return;
    const text = readStr(this.#bytes, at);
    item.data = text ?? readBin(this.#bytes, at) ?? none;
    item.dataKind = text === undefined ? MessageKind.binary : MessageKind.text;
  }

  verb(): Verb {
    return this.#item.verb;
  }

  verbName(): string {
    const { at, length } = this.#item.name;
    return verbNameOf(this.#bytes.subarray(at, at + length));
  }

  itemError(): ErrorCode | undefined {
    return this.#item.error;
  }

  targets(): number {
    return this.#item.targets.length;
  }

  target(index: number): number {
    const id = this.#target(index);
    return id === undefined ? NoSlot.malformed : this.#ids.resolve(this.#bytes, id);
  }

  targetId(index: number): string {
    const id = this.#target(index);
    return id === undefined ? "" : idOf(this.#bytes.subarray(id.at, id.at + id.length));
  }

  #target(index: number): Stretch | undefined {
    const at = this.#item.targets[index];
    return at === undefined ? undefined : readStr(this.#bytes, at);
  }

  resolve(id: string): number {
    return this.#ids.resolveText(id);
  }

  group(): string {
    const { at, length } = this.#item.group;
    return groupOf(this.#bytes.subarray(at, at + length));
  }

  dataKind(): Kind {
    return this.#item.dataKind;
  }

  dataLength(): number {
    return this.#item.data.length;
  }

  data(): Uint8Array {
    const { at, length } = this.#item.data;
    return this.#bytes.subarray(at, at + length);
  }

  dataText(): string {
    return textOf(this.data());
  }

  hasOptions(): boolean {
    return this.#item.options >= 0;
  }

  options(): Readonly<Record<string, unknown>> {
    const { options, end } = this.#item;
    if (options < 0) return noOptions;
    return this.#values.decodeMap(this.#bytes.subarray(options, end));
  }

  value(): unknown[] {
    if (this.#item.at === 0) return [];
    const value = this.#values.decodeValue(this.itemBytes());
    return Array.isArray(value) ? value : [value];
  }

  itemBytes(): Uint8Array {
    return this.#bytes.slice(this.#item.at, this.#item.end);
  }
}
