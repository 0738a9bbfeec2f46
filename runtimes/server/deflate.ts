import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { limits } from "../../core/base/mod.ts";
import type { Deflate } from "../../core/ports/mod.ts";

/** RFC 7692, 7.2.1: the end of a sync flush, which the sender removes. */
const tail = new Uint8Array([0x00, 0x00, 0xff, 0xff]);
const flush = { finishFlush: constants.Z_SYNC_FLUSH };

/** An empty final block: a stream that does not end with it was cut. */
const finalBlock = new Uint8Array([0x03, 0x00]);

/** permessage-deflate with the runtime's zlib: one stream for each message, without context. */
export function createZlibDeflate(): Deflate {
  return { deflate, inflate };
}

function deflate(payload: Uint8Array): Uint8Array {
  const flushed = deflateRawSync(payload, flush);
  return flushed.subarray(0, flushed.length - tail.length);
}

function inflate(payload: Uint8Array, bytesMax: number): Uint8Array | "too-big" | undefined {
  // zlib compresses an empty message after a flush to nothing, and some clients send that.
  if (payload.length === 0) return payload;
  // A payload that still has its tail, which 7.2.1 wants removed, only needs the final block.
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
  // 7.2.3.4: a client may mark a block as final and add further blocks. Where the payload ends
  // with such a block, the stream is complete, also without the byte that should follow.
  while (at < input.length && at !== payloadBytes) {
    if (left === 0) return undefined;
    left -= 1;
    const rest = at === 0 ? input : input.subarray(at);
    const { buffer, engine } = inflateRawSync(rest, {
      info: true,
      // zlib refuses 0.
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
 * Whether a stored block was cut and has swallowed the tail as its last four bytes. A whole
 * payload inflates to the same length without the tail.
 */
function swallowedTail(payload: Uint8Array, inflated: Uint8Array): boolean {
  return endsWith(inflated, tail) && inflateRawSync(payload, flush).length < inflated.length;
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  const at = bytes.length - end.length;
  return at >= 0 && end.every((byte, index) => bytes[at + index] === byte);
}

/** The result of zlib with the option `info`. */
interface Inflated {
  readonly buffer: Uint8Array;
  /** `bytesWritten`: how many bytes of the input it has consumed. */
  readonly engine: { readonly bytesWritten: number };
}

/** zlib starts again after each final block, so their number is bounded by the input's length. */
function streamsMax(inputBytes: number): number {
  const byLength = Math.floor(inputBytes / limits.deflateStreamBytesMin);
  return Math.min(limits.deflateStreamsMax, Math.max(limits.deflateStreamsFloor, byLength));
}
