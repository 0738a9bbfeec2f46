import { randomBytes } from "node:crypto";
import { limits, ServiceError } from "../../core/base/mod.ts";
import { closeCodeAllowed, noCloseCode, Opcode } from "../../core/websocket/mod.ts";

/** A frame of a client with FIN, masked with random bytes (RFC 6455, 5.3). */
export function clientFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = new Uint8Array(2 + lengthBytes + 4 + length);
  const view = new DataView(frame.buffer);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) view.setUint16(2, length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
  const mask = randomBytes(4);
  const start = 2 + lengthBytes + 4;
  frame.set(mask, start - 4);
  for (let at = 0; at < length; at += 1) {
    frame[start + at] = (payload[at] as number) ^ (mask[at & 3] as number);
  }
  return frame;
}

/** What a reader reports, in the order of the wire. */
export interface FrameListener {
  text(text: string): void;
  /** The bytes are the listener's own. */
  binary(bytes: Uint8Array): void;
  ping(payload: Uint8Array): void;
  pong(payload: Uint8Array): void;
  /** A close frame came. Nothing is read after it. */
  closeFrame(code: number, reason: string): void;
}

interface Head {
  readonly fin: boolean;
  readonly opcode: number;
  readonly start: number;
  readonly length: number;
}

/** Reads the frames of a server from chunks of any split, and puts messages together. */
export class ServerFrameReader {
  readonly #listener: FrameListener;
  readonly #messageBytesMax: number;
  readonly #decoder: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  /** So many bytes are needed before there is anything to read. */
  #needed = 2;
  /** Opcode of the unfinished message; undefined between messages. */
  #opcode: number | undefined;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #ended = false;

  constructor(listener: FrameListener, messageBytesMax: number) {
    this.#listener = listener;
    this.#messageBytesMax = messageBytesMax;
  }

  /** Throws a `ServiceError` with the code of the fault; then nothing more may be pushed. */
  push(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let at = 0;
    this.#needed = 2;
    while (!this.#ended) {
      const head = this.#head(bytes.subarray(at));
      if (head === undefined) break;
      const end = at + head.start + head.length;
      if (end > bytes.length) {
        this.#needed = end - at;
        break;
      }
      this.#frame(head, bytes.slice(at + head.start, end));
      at = end;
    }
    this.#chunks = at === bytes.length ? [] : [bytes.slice(at)];
    this.#bytes = bytes.length - at;
  }

  /** Undefined if the head is not complete: `#needed` says how many bytes it has. */
  #head(bytes: Uint8Array): Head | undefined {
    const [first = 0, second = 0] = bytes;
    if (bytes.length < 2) return undefined;
    const opcode = first & 15;
    const short = second & 0x7f;
    const fin = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) throw fault("frame-reserved-bits", "a reserved bit is set");
    if ((second & 0x80) !== 0) throw fault("frame-opcode", "the server has masked a frame");
    if (opcode >= 8) {
      if (!fin) throw fault("frame-control-fragmented", "a control frame is in fragments");
      if (short > limits.controlPayloadBytesMax)
        throw fault("frame-control-too-long", "a control frame is long");
    }
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    this.#needed = start;
    if (bytes.length < start) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let length = short;
    if (short === 126) length = view.getUint16(2);
    if (short === 127) length = Number(view.getBigUint64(2));
    if (length + this.#partBytes > this.#messageBytesMax) {
      throw fault("message-too-big", `a message has more than ${this.#messageBytesMax} bytes`);
    }
    return { fin, opcode, start, length };
  }

  #frame({ fin, opcode }: Head, payload: Uint8Array): void {
    if (opcode === Opcode.ping) this.#listener.ping(payload);
    else if (opcode === Opcode.pong) this.#listener.pong(payload);
    else if (opcode === Opcode.close) this.#close(payload);
    else this.#data(opcode, fin, payload);
  }

  #data(opcode: number, fin: boolean, payload: Uint8Array): void {
    if (opcode > Opcode.binary) throw fault("frame-opcode", `opcode ${opcode} is unknown`);
    const continues = opcode === Opcode.continuation;
    if (continues && this.#opcode === undefined) {
      throw fault("frame-unexpected-continuation", "there is no message to continue");
    }
    if (!continues && this.#opcode !== undefined) {
      throw fault("frame-expected-continuation", "the message before is not complete");
    }
    this.#opcode ??= opcode;
    // Empty ones would grow the list without an end, and count for nothing.
    if (payload.length > 0) this.#parts.push(payload);
    this.#partBytes += payload.length;
    if (!fin) return;
    const isText = this.#opcode === Opcode.text;
    const message = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#opcode = undefined;
    this.#parts = [];
    this.#partBytes = 0;
    if (isText) this.#listener.text(this.#decode(message, "message-not-utf8"));
    else this.#listener.binary(message);
  }

  #close(payload: Uint8Array): void {
    this.#ended = true;
    if (payload.length === 0) {
      this.#listener.closeFrame(noCloseCode, "");
      return;
    }
    const [high = 0, low = 0] = payload;
    const code = (high << 8) | low;
    if (payload.length === 1 || !closeCodeAllowed(code)) {
      throw fault("frame-close-code", `close code ${code} is not allowed`);
    }
    this.#listener.closeFrame(code, this.#decode(payload.subarray(2), "frame-close-payload"));
  }

  #decode(bytes: Uint8Array, code: "message-not-utf8" | "frame-close-payload"): string {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw fault(code, "a text is not UTF-8");
    }
  }
}

function fault(code: ServiceError["code"], message: string): ServiceError {
  return new ServiceError(code, message);
}
