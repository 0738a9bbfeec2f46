/** A message of protobuf: the values of its fields by their numbers. */
export type Fields = ReadonlyMap<number, readonly (Uint8Array | bigint)[]>;

/** Reads a message of protobuf as far as OTLP needs it. Throws if it is none. */
export function readFields(bytes: Uint8Array): Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = new Map<number, (Uint8Array | bigint)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const fixed = (length: number): bigint => {
    const value = length === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true));
    at += length;
    return value;
  };
  const chunk = (): Uint8Array => {
    const length = Number(varint());
    if (at + length > bytes.length) throw new RangeError("a field is longer than its message");
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const kinds: Readonly<Record<number, () => Uint8Array | bigint>> = {
      0: varint,
      1: () => fixed(8),
      2: chunk,
      5: () => fixed(4),
    };
    const read = kinds[tag & 7];
    if (read === undefined) throw new RangeError(`wire type ${tag & 7}`);
    const list = fields.get(tag >>> 3) ?? [];
    fields.set(tag >>> 3, list);
    list.push(read());
  }
  return fields;
}

export function messagesOf(fields: Fields, field: number): Fields[] {
  return bytesOf(fields, field).map(readFields);
}

export function bytesOf(fields: Fields, field: number): Uint8Array[] {
  return (fields.get(field) ?? []).filter((value) => value instanceof Uint8Array);
}

export function textOf(fields: Fields, field: number): string {
  return new TextDecoder().decode(bytesOf(fields, field)[0]);
}

export function numberOf(fields: Fields, field: number): number {
  const [value = 0n] = fields.get(field) ?? [];
  return typeof value === "bigint" ? Number(value) : 0;
}

export function hexOf(fields: Fields, field: number): string {
  return Buffer.from(bytesOf(fields, field)[0] ?? []).toString("hex");
}
