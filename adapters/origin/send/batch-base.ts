import { encode } from "@msgpack/msgpack";

/**
 * A numbered batch that says, as its last element, which command could still be sent again: so
 * that a node which does not know the stream knows what it missed of it. A new one each time,
 * because what can be sent again changes between one publish of a batch and the next.
 */
export function withBase(batch: Uint8Array, base: number): Uint8Array {
  // `[1, stream, first, items]` in MessagePack; else JSON, whose last byte is the bracket.
  const packed = batch[0] === 0x94;
  const last = packed ? encode(base) : new TextEncoder().encode(`,${base}]`);
  const end = batch.length - (packed ? 0 : 1);
  const longer = new Uint8Array(end + last.length);
  longer.set(batch.subarray(0, end));
  longer.set(last, end);
  if (packed) longer[0] = 0x95;
  return longer;
}
