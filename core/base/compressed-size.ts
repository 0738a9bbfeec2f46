/**
 * The maximum compressed size of a message of `bytes` bytes: zlib's `deflateBound` for any
 * settings, and room for a few flushes. Incompressible data gets longer than it was.
 */
export function compressedBytesMax(bytes: number): number {
  return bytes + (bytes >> 3) + (bytes >> 6) + 64;
}
