export interface Candidate {
  readonly name: string;
  /** Share relative to the others; none if it is 0. */
  readonly weight: number;
}

/**
 * FNV-1a over UTF-16 units, then a finalizer (MurmurHash3's), so that similar keys get unrelated
 * hashes.
 */
function hash(text: string, seed: number): number {
  let value = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/**
 * Weighted rendezvous hashing (highest random weight): each key has an order of candidates of its
 * own, so that one that leaves moves its own keys only, evenly to the others, and one that comes
 * takes its share from all. Undefined if there is no candidate with a weight.
 */
export function rendezvous<Of extends Candidate>(
  key: string,
  candidates: Iterable<Of>,
): Of | undefined {
  const keyHash = hash(key, 0);
  let best: Of | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const candidate of candidates) {
    if (candidate.weight <= 0) continue;
    const unit = (hash(candidate.name, keyHash) + 0.5) / 2 ** 32;
    const score = -candidate.weight / Math.log(unit);
    if (score > bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}
