/** Single values as MessagePack, for what is off the hot path. */
export interface ValueCodec {
  /**
   * A value as MessagePack: strings, numbers, booleans, null, `Uint8Array` (bin), arrays and plain
   * objects (maps). A member that is undefined is left out. A lone surrogate becomes U+FFFD.
   */
  encodeValue(value: unknown): Uint8Array;
  /** The same bytes, in memory that the next value is encoded into. */
  encodeShared(value: unknown): Uint8Array;
  /** The value of MessagePack bytes. Throws `batch-malformed` if they are not one value. */
  decodeValue(bytes: Uint8Array): unknown;
  /**
   * MessagePack bytes in the protocol's JSON form, as UTF-8: bin becomes `{"$binary": base64}`.
   * Throws as `decodeValue` does.
   */
  toJson(bytes: Uint8Array): Uint8Array;
}
