import { assert, limits } from "../base/mod.ts";
import type { Slab } from "./slab.ts";

/** RFC 6455, 5.2 and 11.8. */
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
/** RFC 6455, 7.4.1: never on the wire; it stands for a close frame without a code. */
const NO_CODE = 1005;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What a frame is made of besides its payload's length. */
export interface FrameShape {
  readonly opcode: Opcode;
  /** RFC 7692, 6: RSV1 tells that the payload is deflated. */
  readonly deflated?: boolean;
}

/** Size of a server frame's header: no mask (RFC 6455, 5.1), so 2, 4 or 10 bytes. */
export function frameHeaderBytes(payloadBytes: number): number {
  if (payloadBytes < 126) return 2;
  return payloadBytes < 65_536 ? 4 : 10;
}

/** A server frame with FIN whose payload is still to be written, at `frameHeaderBytes`. */
export function frameOfLength(shape: FrameShape, payloadBytes: number, slab?: Slab): Uint8Array {
  const headerBytes = frameHeaderBytes(payloadBytes);
  const size = headerBytes + payloadBytes;
  const frame = slab === undefined ? new Uint8Array(size) : slab.take(size);
  frame[0] = FIN | (shape.deflated === true ? RSV1 : 0) | shape.opcode;
  if (headerBytes === 2) {
    frame[1] = payloadBytes;
  } else if (headerBytes === 4) {
    frame[1] = 126;
    frame[2] = payloadBytes >> 8;
    frame[3] = payloadBytes;
  } else {
    frame[1] = 127;
    const view = new DataView(frame.buffer, frame.byteOffset);
    // A length is below 2^53, so the upper word is never cut.
    view.setUint32(2, Math.floor(payloadBytes / 2 ** 32));
    view.setUint32(6, payloadBytes % 2 ** 32);
  }
  return frame;
}

/** A whole server frame around a copy of `payload`. */
export function buildFrame(shape: FrameShape, payload: Uint8Array, slab?: Slab): Uint8Array {
  const frame = frameOfLength(shape, payload.length, slab);
  frame.set(payload, frameHeaderBytes(payload.length));
  return frame;
}

/** Whether a code may stand in a close frame. RFC 6455, 7.4, with IANA's 1012 to 1014. */
export function closeCodeAllowed(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** A close frame; 1005 makes one without a payload. A reason that is too long is cut. */
export function closeFrame(code: number, reason: string): Uint8Array {
  if (code === NO_CODE) return buildFrame({ opcode: Opcode.close }, new Uint8Array(0));
  assert(closeCodeAllowed(code), `close code ${code} must not be sent`);
  const payload = new Uint8Array(limits.controlPayloadBytesMax);
  // `encodeInto` stops before a character that does not fit: the reason stays valid UTF-8.
  const { written } = encoder.encodeInto(reason, payload.subarray(2));
  payload[0] = code >> 8;
  payload[1] = code;
  return buildFrame({ opcode: Opcode.close }, payload.subarray(0, 2 + written));
}

/** Code and reason of a valid close frame's payload; 1005 where it has none (RFC 6455, 7.1.5). */
export function readClose(payload: Uint8Array): { closeCode: number; closeReason: string } {
  const high = payload[0];
  const low = payload[1];
  if (high === undefined || low === undefined) return { closeCode: NO_CODE, closeReason: "" };
  return { closeCode: (high << 8) | low, closeReason: decoder.decode(payload.subarray(2)) };
}
