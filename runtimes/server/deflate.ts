import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { limits } from "../../core/base/mod.ts";
import type { Deflate } from "../../core/ports/mod.ts";

/** RFC 7692, 7.2.1: what a sync flush ends with, and a sender takes off. */
const tail = new Uint8Array([0x00, 0x00, 0xff, 0xff]);
const flush = { finishFlush: constants.Z_SYNC_FLUSH };

/** An empty final block: a stream that ends anywhere else but with it was cut. */
const finalBlock = new Uint8Array([0x03, 0x00]);

/** permessage-deflate over the runtime's zlib: one stream a message, so no context is kept. */
export function createZlibDeflate(): Deflate {
  return { deflate, inflate };
}

function deflate(payload: Uint8Array): Uint8Array {
  const flushed = deflateRawSync(payload, flush);
  return flushed.subarray(0, flushed.length - tail.length);
}

function inflate(payload: Uint8Array, bytesMax: number): Uint8Array | "too-big" | undefined {
  // What zlib gives for an empty message behind a flush is nothing at all, and some send that.
  if (payload.length === 0) return payload;
  // A payload as 7.2.1 wants it ends with bits that are 0: such a client leaves its tail on.
  const added = endsWith(payload, tail) ? finalBlock : Uint8Array.of(...tail, ...finalBlock);
  const input = new Uint8Array(payload.length + added.length);
  input.set(payload);
  input.set(added, payload.length);
  try {
    return inflateAll(input, payload.length, bytesMax);
  } catch (error) {
    return (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE" ? "too-big" : undefined;
  }
}

function inflateAll(
  input: Uint8Array,
  payloadBytes: number,
  bytesMax: number,
): Uint8Array | "too-big" | undefined {
  const parts: Uint8Array[] = [];
  let size = 0;
  let at = 0;
  let left = streamsMax(input.length);
  // 7.2.3.4: a client may end a block as the final one, and go on behind it. If it does not, the
  // stream is at its end: whoever leaves out the byte that should follow is understood.
  while (at < input.length && at !== payloadBytes) {
    if (left === 0) return undefined;
    left -= 1;
    const rest = at === 0 ? input : input.subarray(at);
    const { buffer, engine } = inflateRawSync(rest, {
      info: true,
      // zlib wants room for one byte.
      maxOutputLength: Math.max(1, bytesMax - size),
    }) as unknown as Inflated;
    at += engine.bytesWritten;
    const own = rest.subarray(0, payloadBytes - input.length);
    if (at === input.length && swallowedTail(own, buffer)) return undefined;
    parts.push(buffer);
    size += buffer.length;
    if (size > bytesMax) return "too-big";
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

/**
 * Whether a cut block without compression has taken the tail for its last four bytes. Without what
 * we have added, the payload gives as much as with it, or it was cut.
 */
function swallowedTail(payload: Uint8Array, inflated: Uint8Array): boolean {
  return endsWith(inflated, tail) && inflateRawSync(payload, flush).length < inflated.length;
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  const at = bytes.length - end.length;
  return at >= 0 && end.every((byte, index) => bytes[at + index] === byte);
}

/** What zlib returns with `info`. */
interface Inflated {
  readonly buffer: Uint8Array;
  /** `bytesWritten`: how much of the input it has taken. */
  readonly engine: { readonly bytesWritten: number };
}

/** zlib is started anew behind each final block, which costs more than a few bytes may. */
function streamsMax(inputBytes: number): number {
  const byLength = Math.floor(inputBytes / limits.deflateStreamBytesMin);
  return Math.min(limits.deflateStreamsMax, Math.max(limits.deflateStreamsFloor, byLength));
}
