/**
 * What a message of `bytes` bytes may be compressed: the message is measured when it is inflated,
 * and what does not compress gets longer. The most that zlib makes of it, with any settings
 * (`deflateBound`), and room for a few flushes.
 */
export function compressedBytesMax(bytes: number): number {
  return bytes + (bytes >> 3) + (bytes >> 6) + 64;
}
