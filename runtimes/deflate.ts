import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { Deflate } from "../core/ports/mod.ts";

/** RFC 7692, 7.2.1: what a sync flush ends with, and a sender takes off. */
const tail = new Uint8Array([0x00, 0x00, 0xff, 0xff]);

/** permessage-deflate over the runtime's zlib: one stream a message, so no context is kept. */
export function createZlibDeflate(): Deflate {
  return { deflate, inflate };
}

function deflate(payload: Uint8Array): Uint8Array {
  const flushed = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
  return flushed.subarray(0, flushed.length - tail.length);
}

function inflate(payload: Uint8Array, bytesMax: number): Uint8Array | "too-big" | undefined {
  const stream = new Uint8Array(payload.length + tail.length);
  stream.set(payload);
  stream.set(tail, payload.length);
  const options = {
    finishFlush: constants.Z_SYNC_FLUSH,
    // zlib wants room for one byte; a limit of 0 is no setting of ours.
    maxOutputLength: Math.max(1, bytesMax),
  };
  try {
    return inflateRawSync(stream, options);
  } catch (error) {
    return (error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE" ? "too-big" : undefined;
  }
}
