/** FNV-1a of 32 bits over the bytes, continued from `value`. */
function fnv1a(bytes: Uint8Array, value: number): number {
  let hash = value;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

/** The finalizer of MurmurHash3: similar texts get unrelated hashes. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const encoder = new TextEncoder();

/** A broker's score for a key: `mixed(fnv1a("NAME KEY"))`, a whole number of 32 bits. */
export function brokerScore(name: string, key: string): number {
  return mixed(fnv1a(encoder.encode(`${name} ${key}`), 0x811c9dc5));
}

/**
 * Rendezvous hashing: the broker with the highest score has the key, and of two with the same the
 * one whose name sorts first. A broker that is taken out of the list moves its own keys only.
 * With `isUp` it is the first of those that are up, or the first of all if none is. Returns its
 * index.
 */
export function brokerOf(
  key: string,
  names: readonly string[],
  isUp?: (broker: number) => boolean,
): number {
  let best = -1;
  let bestScore = -1;
  for (const [index, name] of names.entries()) {
    if (isUp?.(index) === false) continue;
    const score = brokerScore(name, key);
    const wins = score > bestScore || (score === bestScore && name < (names[best] ?? ""));
    if (!wins) continue;
    best = index;
    bestScore = score;
  }
  return best < 0 ? brokerOf(key, names) : best;
}
