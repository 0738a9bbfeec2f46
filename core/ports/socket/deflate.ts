/** permessage-deflate's coder without context takeover (RFC 7692, 7.2). */
export interface Deflate {
  /** The message's compressed form, without the closing empty block (00 00 ff ff). */
  deflate(payload: Uint8Array): Uint8Array;
  /** Undefined where it is no valid stream, `"too-big"` where it would pass `bytesMax`. */
  inflate(payload: Uint8Array, bytesMax: number): Uint8Array | "too-big" | undefined;
}
