/** The batch is not MessagePack. The caller makes one error of it. */
export class Malformed extends Error {}

/**
 * Reads MessagePack without the values that a general decoder would make. It knows what batches of
 * messages are made of; anything else is skipped, for the general decoder.
 */
export class MessagePackCursor {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;

  reset(bytes: Uint8Array): void {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  peek(): number {
    return this.bytes[this.at] ?? this.#end();
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) return this.#end();
    this.at++;
    return byte;
  }

  uint(size: 1 | 2 | 4 | 8): number {
    const start = this.at;
    this.at += size;
    if (this.at > this.bytes.length) this.#end();
    if (size === 1) return this.bytes[start]!;
    if (size === 2) return this.bytes.readUInt16BE(start);
    if (size === 4) return this.bytes.readUInt32BE(start);
    return this.bytes.readUInt32BE(start) * 2 ** 32 + this.bytes.readUInt32BE(start + 4);
  }

  /** An unsigned integer of any width. */
  natural(): number {
    const head = this.byte();
    if (head < 0x80) return head;
    if (head === 0xcc) return this.uint(1);
    if (head === 0xcd) return this.uint(2);
    if (head === 0xce) return this.uint(4);
    if (head === 0xcf) return this.uint(8);
    throw new Malformed("an unsigned integer is expected");
  }

  /** How many elements the array here has. */
  array(): number {
    const head = this.byte();
    if ((head & 0xf0) === 0x90) return head & 0x0f;
    if (head === 0xdc) return this.uint(2);
    if (head === 0xdd) return this.uint(4);
    throw new Malformed("an array is expected");
  }

  isArray(): boolean {
    const head = this.peek();
    return (head & 0xf0) === 0x90 || head === 0xdc || head === 0xdd;
  }

  /** Bytes of the string here, or -1 if there is none; the cursor is then at its start. */
  strLength(): number {
    const head = this.peek();
    const short = (head & 0xe0) === 0xa0;
    if (!short && (head < 0xd9 || head > 0xdb)) return -1;
    this.at++;
    if (short) return this.#within(head & 0x1f);
    return this.#within(this.uint(head === 0xd9 ? 1 : head === 0xda ? 2 : 4));
  }

  /** Bytes of the bin here, or -1 if there is none; the cursor is then at its start. */
  binLength(): number {
    const head = this.peek();
    if (head < 0xc4 || head > 0xc6) return -1;
    this.at++;
    return this.#within(this.uint(head === 0xc4 ? 1 : head === 0xc5 ? 2 : 4));
  }

  string(): string {
    const length = this.strLength();
    if (length < 0) throw new Malformed("a string is expected");
    const start = this.at;
    this.at += length;
    return this.bytes.toString("utf8", start, this.at);
  }

  /** Moves past one value, whatever it is, without recursion. */
  skip(): void {
    let left = 1;
    while (left > 0) {
      left += this.#skipOne() - 1;
    }
  }

  /** Moves past a value's own bytes; returns how many values it contains. */
  #skipOne(): number {
    const head = this.byte();
    if (head < 0x80 || head >= 0xe0) return 0;
    if (head < 0x90) return 2 * (head & 0x0f);
    if (head < 0xa0) return head & 0x0f;
    if (head < 0xc0) return this.#pass(head & 0x1f);
    switch (head) {
      case 0xc4:
      case 0xd9:
        return this.#pass(this.uint(1));
      case 0xc5:
      case 0xda:
        return this.#pass(this.uint(2));
      case 0xc6:
      case 0xdb:
        return this.#pass(this.uint(4));
      case 0xc7:
        return this.#pass(1 + this.uint(1));
      case 0xc8:
        return this.#pass(1 + this.uint(2));
      case 0xc9:
        return this.#pass(1 + this.uint(4));
      case 0xdc:
        return this.uint(2);
      case 0xdd:
        return this.uint(4);
      case 0xde:
        return 2 * this.uint(2);
      case 0xdf:
        return 2 * this.uint(4);
      case 0xc1:
        throw new Malformed("0xc1 is never used");
      default:
        return this.#pass(fixedBytes[head - 0xc0]!);
    }
  }

  #pass(length: number): 0 {
    this.#within(length);
    this.at += length;
    return 0;
  }

  #within(length: number): number {
    if (length > this.bytes.length - this.at) this.#end();
    return length;
  }

  #end(): never {
    throw new Malformed("the batch is cut short");
  }
}

/** Payload bytes of the types 0xc0 to 0xd8 whose length is fixed: nil to int 64, fixext. */
const fixedBytes: readonly number[] = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17,
];
