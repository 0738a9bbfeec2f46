/** What a client's frame is made of; every part may be wrong on purpose. */
export interface ClientFrame {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  readonly fin?: boolean;
  /** RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  readonly reserved?: number;
  readonly masked?: boolean;
  /** Bytes of the length field: 0, 2 or 8; by default the shortest that fits. */
  readonly lengthBytes?: 0 | 2 | 8;
}

const mask = [0x37, 0xfa, 0x21, 0x3d];

/** A client's frame as bytes (RFC 6455, 5.2), masked unless told otherwise. */
export function clientFrame(frame: ClientFrame): Buffer {
  const payload =
    typeof frame.payload === "string" ? Buffer.from(frame.payload) : (frame.payload ?? []);
  const { length } = payload;
  const lengthBytes = frame.lengthBytes ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8);
  const masked = frame.masked ?? true;
  const header = Buffer.alloc(2 + lengthBytes + (masked ? 4 : 0));
  header[0] = ((frame.fin ?? true) ? 0x80 : 0) | ((frame.reserved ?? 0) << 4) | frame.opcode;
  const short = lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127;
  header[1] = (masked ? 0x80 : 0) | short;
  if (lengthBytes === 2) header.writeUInt16BE(length, 2);
  if (lengthBytes === 8) header.writeBigUInt64BE(BigInt(length), 2);
  const body = Buffer.from(payload);
  if (masked) {
    header.set(mask, 2 + lengthBytes);
    for (let index = 0; index < length; index += 1) body[index]! ^= mask[index & 3]!;
  }
  return Buffer.concat([header, body]);
}

/** A close frame's payload. */
export function closePayload(code: number, reason: string = ""): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
}

/** A server's frame as it came. */
export interface ServerFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly reserved: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

/** The first whole frame of `bytes` and where it ends, or undefined. */
export function readServerFrame(bytes: Buffer): { frame: ServerFrame; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < start) return undefined;
  let length = short;
  if (short === 126) length = bytes.readUInt16BE(2);
  if (short === 127) length = Number(bytes.readBigUInt64BE(2));
  const end = start + length;
  if (bytes.length < end) return undefined;
  const frame = {
    opcode: bytes[0]! & 15,
    fin: (bytes[0]! & 0x80) !== 0,
    reserved: (bytes[0]! >> 4) & 7,
    masked: (bytes[1]! & 0x80) !== 0,
    payload: bytes.subarray(start, end),
  };
  return { frame, end };
}
