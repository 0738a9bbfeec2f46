/** A cryptographically secure source of random bytes. */
export interface Random {
  /** Fills `target` and returns it. */
  fill(target: Uint8Array): Uint8Array;
}
