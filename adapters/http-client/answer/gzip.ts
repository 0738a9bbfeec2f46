import { gunzipSync } from "node:zlib";
import { ServiceError } from "../../../core/base/mod.ts";
import { malformed } from "./answer-head.ts";

/**
 * The body that came in gzip (RFC 1952). It may have `bytesMax` bytes. Throws
 * `http-answer-too-big`, or `http-answer-malformed` if it is no gzip or was cut.
 */
export function unzipped(bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (bytes.length === 0) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: bytesMax });
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_BUFFER_TOO_LARGE") {
      throw malformed("the answer's body is no gzip");
    }
    const message = `the answer's body has more than ${bytesMax} bytes`;
    throw new ServiceError("http-answer-too-big", message);
  }
}
