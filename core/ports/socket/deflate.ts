/** permessage-deflate without context takeover (RFC 7692, 7.2). */
export interface Deflate {
  /** Compresses a message, without the empty block (00 00 ff ff) at its end (7.2.1). */
  deflate(payload: Uint8Array): Uint8Array;
  /**
   * Decompresses a message. Undefined if it is not a valid stream, `"too-big"` as soon as the
   * result would have more than `bytesMax` bytes.
   */
  inflate(payload: Uint8Array, bytesMax: number): Uint8Array | "too-big" | undefined;
}
