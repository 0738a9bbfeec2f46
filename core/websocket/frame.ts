/**
 * Builds the frames that a server sends, and reads the payload of a close frame. The codec parses
 * and unmasks frames of clients: `wasm/assembly/parser.ts`, `wasm/assembly/bytes.ts`.
 */
import { assert, limits } from "../base/mod.ts";

/** RFC 6455, 5.2 and 11.8: the kinds of frames. */
export const Opcode = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

const FIN = 0x80;
const RSV1 = 0x40;
/** RFC 6455, 7.4.1: a close frame without a code. It is never sent itself. */
export const noCloseCode = 1005;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export interface FrameOptions {
  /** Sets RSV1: the payload is deflated (RFC 7692, 6). */
  readonly deflated?: boolean;
  /** Where the memory of the frame comes from; without it the frame has a buffer of its own. */
  readonly slab?: Slab;
}

/**
 * Cuts small buffers from a large one, which costs less than allocating each. A piece is never
 * taken back, so the caller may keep it; the large buffer lives as long as any of its pieces.
 */
export class Slab {
  readonly #slabBytes: number;
  #slab = new Uint8Array(0);
  #used = 0;

  constructor(slabBytes: number) {
    this.#slabBytes = slabBytes;
  }

  take(byteLength: number): Uint8Array {
    // A piece of more than a quarter would waste too much of the slab before it.
    if (byteLength > this.#slabBytes >> 2) return new Uint8Array(byteLength);
    if (byteLength > this.#slab.length - this.#used) {
      this.#slab = new Uint8Array(this.#slabBytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used = start + byteLength;
    return this.#slab.subarray(start, this.#used);
  }
}

/** Bytes of a server frame's header: 2, 4 or 10, because it has no mask (RFC 6455, 5.1). */
export function frameHeaderBytes(payloadBytes: number): number {
  if (payloadBytes < 126) return 2;
  return payloadBytes < 65_536 ? 4 : 10;
}

/**
 * An unmasked frame with FIN (RFC 6455, 5.2) for a payload of `payloadBytes` bytes, which the
 * caller writes at offset `frameHeaderBytes(payloadBytes)`.
 */
export function frameOfLength(
  opcode: Opcode,
  payloadBytes: number,
  { deflated = false, slab }: FrameOptions = {},
): Uint8Array {
  const headerBytes = frameHeaderBytes(payloadBytes);
  const size = headerBytes + payloadBytes;
  const frame = slab === undefined ? new Uint8Array(size) : slab.take(size);
  frame[0] = FIN | (deflated ? RSV1 : 0) | opcode;
  if (headerBytes === 2) {
    frame[1] = payloadBytes;
  } else if (headerBytes === 4) {
    frame[1] = 126;
    frame[2] = payloadBytes >> 8;
    frame[3] = payloadBytes;
  } else {
    frame[1] = 127;
    const view = new DataView(frame.buffer, frame.byteOffset);
    // A length is below 2^53, so the upper word loses nothing.
    view.setUint32(2, Math.floor(payloadBytes / 2 ** 32));
    view.setUint32(6, payloadBytes % 2 ** 32);
  }
  return frame;
}

/** An unmasked frame with FIN and a copy of `payload`. */
export function buildFrame(
  opcode: Opcode,
  payload: Uint8Array,
  options?: FrameOptions,
): Uint8Array {
  const frame = frameOfLength(opcode, payload.length, options);
  frame.set(payload, frameHeaderBytes(payload.length));
  return frame;
}

/** Whether a close frame may carry the code: RFC 6455, 7.4, and 1012 to 1014 of IANA's list. */
export function closeCodeAllowed(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** UTF-8 bytes of a reason: it shares a control frame's payload with the code. RFC 6455, 5.5. */
export const closeReasonBytesMax: number = limits.controlPayloadBytesMax - 2;

export function closeReasonFits(reason: string): boolean {
  return encoder.encode(reason).length <= closeReasonBytesMax;
}

/**
 * A close frame (RFC 6455, 5.5.1). 1005 makes one without code and reason. A reason that does not
 * fit is shortened.
 */
export function closeFrame(code: number, reason: string): Uint8Array {
  assert(code === noCloseCode || closeCodeAllowed(code), `close code ${code} must not be sent`);
  return buildFrame(Opcode.close, closePayload(code, reason));
}

/** The payload of a close frame; empty for 1005. A reason that does not fit is shortened. */
export function closePayload(code: number, reason: string): Uint8Array {
  if (code === noCloseCode) return new Uint8Array(0);
  const payload = new Uint8Array(limits.controlPayloadBytesMax);
  // `encodeInto` stops before a character that does not fit: the reason stays valid UTF-8.
  const { written } = encoder.encodeInto(reason, payload.subarray(2));
  payload[0] = code >> 8;
  payload[1] = code;
  return payload.subarray(0, 2 + written);
}

/** Code and reason of a valid close frame; 1005 for an empty payload (RFC 6455, 7.1.5). */
export function readClose(payload: Uint8Array): { closeCode: number; closeReason: string } {
  const high = payload[0];
  const low = payload[1];
  if (high === undefined || low === undefined) return { closeCode: noCloseCode, closeReason: "" };
  return { closeCode: (high << 8) | low, closeReason: decoder.decode(payload.subarray(2)) };
}
