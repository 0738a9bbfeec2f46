/** An item of a batch of events. The bytes are those of the batch. */
export interface EventItem {
  readonly verb: string;
  /** Where the connection's id begins and ends. */
  readonly idStart: number;
  readonly idEnd: number;
  /** Where the third element begins, the `seq`; the item's end if there is none. */
  readonly rest: number;
  readonly start: number;
  readonly end: number;
  readonly elements: number;
}

/** The beginning of a value: its kind, and where its content begins and ends. */
export interface ValueHead {
  readonly kind: "text" | "binary" | "other";
  readonly start: number;
  readonly end: number;
}

const decoder = new TextDecoder();

/** Reads the items of `[1, stream, first, [item, …]]` in MessagePack, without decoding them. */
export function* eventItems(batch: Uint8Array): Generator<EventItem, void, undefined> {
  const reader = new Reader(batch);
  reader.arrayLength();
  for (let element = 0; element < 3; element++) reader.skip();
  const items = reader.arrayLength();
  for (let item = 0; item < items; item++) {
    const start = reader.at;
    const end = reader.endOfValue();
    const elements = reader.arrayLength();
    const verb = reader.head();
    reader.at = verb.end;
    const id = reader.head();
    reader.at = id.end;
    yield {
      verb: decoder.decode(batch.subarray(verb.start, verb.end)),
      idStart: id.kind === "text" ? id.start : id.end,
      idEnd: id.end,
      rest: id.end,
      start,
      end,
      elements,
    };
    reader.at = end;
  }
}

/** The `seq` of an item, and where the value behind it begins. */
export function seqOf(batch: Uint8Array, { rest }: EventItem): { seq: number; at: number } {
  const reader = new Reader(batch);
  reader.at = rest;
  const seq = reader.natural();
  reader.skip();
  return { seq, at: reader.at };
}

export function valueHead(batch: Uint8Array, at: number): ValueHead {
  const reader = new Reader(batch);
  reader.at = at;
  return reader.head();
}

/** A cursor over MessagePack that the codec wrote: it is well-formed. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads the head of an array, and stands behind it. */
  arrayLength(): number {
    const first = this.#bytes[this.at] ?? 0;
    if ((first & 0xf0) === 0x90) {
      this.at += 1;
      return first & 0x0f;
    }
    const wide = first === 0xdd;
    const length = wide ? this.#view.getUint32(this.at + 1) : this.#view.getUint16(this.at + 1);
    this.at += wide ? 5 : 3;
    return length;
  }

  /** The whole number that begins here. */
  natural(): number {
    const first = this.#bytes[this.at] ?? 0;
    if (first < 0x80) return first;
    if (first === 0xcc) return this.#bytes[this.at + 1] ?? 0;
    if (first === 0xcd) return this.#view.getUint16(this.at + 1);
    if (first === 0xce) return this.#view.getUint32(this.at + 1);
    if (first === 0xcf) return Number(this.#view.getBigUint64(this.at + 1));
    return first === 0xcb ? this.#view.getFloat64(this.at + 1) : 0;
  }

  head(): ValueHead {
    const first = this.#bytes[this.at] ?? 0;
    if ((first & 0xe0) === 0xa0) return this.#content("text", 1, first & 0x1f);
    if (first >= 0xd9 && first <= 0xdb) return this.#sized("text", first - 0xd9);
    if (first >= 0xc4 && first <= 0xc6) return this.#sized("binary", first - 0xc4);
    return { kind: "other", start: this.at, end: this.endOfValue() };
  }

  skip(): void {
    this.at = this.endOfValue();
  }

  /** Where the value that begins here ends. The cursor stays. */
  endOfValue(): number {
    const begin = this.at;
    // Without recursion: values nest as deep as whoever wrote them likes.
    for (let values = 1; values > 0; values--) values += this.#step();
    const end = this.at;
    this.at = begin;
    return end;
  }

  /** Passes a value without those inside it. Returns how many these are. */
  #step(): number {
    const first = this.#bytes[this.at] ?? 0;
    if (first < 0x80 || first >= 0xe0) return this.#pass(1);
    if (first < 0x90) return 2 * (first & 0x0f) + this.#pass(1);
    if (first < 0xa0) return (first & 0x0f) + this.#pass(1);
    if (first < 0xc0) return this.#pass(1 + (first & 0x1f));
    if (first >= 0xd9 && first <= 0xdb) return this.#pass(this.#length(first - 0xd9, 0));
    if (first >= 0xc4 && first <= 0xc6) return this.#pass(this.#length(first - 0xc4, 0));
    if (first >= 0xc7 && first <= 0xc9) return this.#pass(this.#length(first - 0xc7, 1));
    if (first >= 0xdc) {
      const wide = (first & 1) === 1;
      const count = wide ? this.#view.getUint32(this.at + 1) : this.#view.getUint16(this.at + 1);
      return (first >= 0xde ? 2 : 1) * count + this.#pass(wide ? 5 : 3);
    }
    return this.#pass(fixedBytes[first - 0xc0] ?? 1);
  }

  #pass(bytes: number): number {
    this.at += bytes;
    return 0;
  }

  /** Bytes of a value whose length has 1, 2 or 4 bytes, head and an extension's type included. */
  #length(width: number, type: number): number {
    const { start, end } = this.#sized("other", width);
    return end - start + (start - this.at) + type;
  }

  #sized(kind: ValueHead["kind"], width: number): ValueHead {
    const at = this.at + 1;
    if (width === 0) return this.#content(kind, 2, this.#bytes[at] ?? 0);
    if (width === 1) return this.#content(kind, 3, this.#view.getUint16(at));
    return this.#content(kind, 5, this.#view.getUint32(at));
  }

  #content(kind: ValueHead["kind"], headBytes: number, length: number): ValueHead {
    const start = this.at + headBytes;
    return { kind, start, end: start + length };
  }
}

/** Bytes of the values from 0xc0 to 0xd8 whose first byte tells their length; 1 for the others. */
const fixedBytes: readonly number[] = [
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 9, 2, 3, 5, 9, 2, 3, 5, 9, 3, 4, 6, 10, 18,
];
