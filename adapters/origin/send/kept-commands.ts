/** A batch of commands that the broker has, until its node confirms it. */
export interface KeptBatch {
  readonly stream: string;
  /** Number of its first command. */
  readonly first: number;
  /** Number after its last command. */
  readonly end: number;
  readonly topic: string;
  readonly payload: Uint8Array;
}

/**
 * What one node has not confirmed yet. The broker's word is not enough: it may drop what it has
 * confirmed, or be killed with it.
 */
export class KeptCommands {
  #batches: KeptBatch[] = [];
  #bytes = 0;
  /** When something was last confirmed, or the first batch was kept. */
  progressAt = 0;
  repeatedAt = 0;
  /** The oldest batch, where it alone was repeated to see whether the node answers. */
  #probed: KeptBatch | undefined;
  /** What was kept behind it then. */
  #behind: ReadonlySet<KeptBatch> = new Set();

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#batches.length;
  }

  keep(batch: KeptBatch, now: number): void {
    if (this.#batches.length === 0) this.progressAt = now;
    this.#batches.push(batch);
    this.#bytes += batch.payload.byteLength;
  }

  /** The node has carried out every command of `stream` below `count`. */
  confirm(stream: string, count: number, now: number): void {
    let done = 0;
    for (const batch of this.#batches) {
      if (batch.stream !== stream || batch.end > count) break;
      this.#bytes -= batch.payload.byteLength;
      done++;
    }
    if (done === 0) return;
    this.#batches.splice(0, done);
    this.progressAt = now;
  }

  /** The oldest one, which is about to be repeated alone. */
  probe(): readonly KeptBatch[] {
    this.#probed = this.#batches[0];
    this.#behind = new Set(this.#batches.slice(1));
    return this.#batches.slice(0, 1);
  }

  /**
   * Where the probe is confirmed it may have been lost before, and what was published between the
   * two times with it. Told once; what was published after the probe shows its gap itself.
   */
  takeMissed(): readonly KeptBatch[] {
    const probed = this.#probed;
    if (probed === undefined || probed === this.#batches[0]) return [];
    const missed = this.#batches.filter((batch) => this.#behind.has(batch));
    this.#forget();
    return missed;
  }

  /** All of them in order; they stay kept. */
  all(): readonly KeptBatch[] {
    return this.#batches;
  }

  clear(): void {
    this.#batches = [];
    this.#bytes = 0;
    this.#forget();
  }

  #forget(): void {
    this.#probed = undefined;
    this.#behind = new Set();
  }
}
