/** Items of a numbered stream that stand together. */
export interface ItemRange {
  /** Number of the first one. */
  readonly first: number;
  /** How many there are. */
  readonly count: number;
}

/** A taken batch of a numbered stream. */
export interface NumberedBatch extends ItemRange {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** It goes out as JSON, whatever the stream's other batches do. */
  readonly json?: boolean | undefined;
}

/**
 * The batches of one stream taken from its buffer and not confirmed, in order, and how far
 * they have been published. Confirmation is cumulative and counts items.
 */
export class BatchWindow {
  #batches: NumberedBatch[] = [];
  /** Index of the first batch that was not published since the last `rewind`. */
  #published = 0;
  #publishedEnd = 0;
  #confirmed = 0;
  #bytes = 0;

  /** Bytes of all batches that are not confirmed. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Items that are not confirmed. */
  get items(): number {
    const last = this.#batches.at(-1);
    return last === undefined ? 0 : last.first + last.count - this.#confirmed;
  }

  /** Every item below is confirmed. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Every item below has been published at least once. */
  get published(): number {
    return this.#publishedEnd;
  }

  push(batch: NumberedBatch): void {
    this.#batches.push(batch);
    this.#bytes += batch.payload.byteLength;
  }

  /** Whether the next batch to publish was never published before. */
  get nextIsNew(): boolean {
    const batch = this.#batches[this.#published];
    return batch !== undefined && batch.first + batch.count > this.#publishedEnd;
  }

  /** The next batch to publish, which counts as published from now on; undefined at the end. */
  publishNext(): NumberedBatch | undefined {
    const batch = this.#batches[this.#published];
    if (batch === undefined) return undefined;
    this.#published++;
    this.#publishedEnd = Math.max(this.#publishedEnd, batch.first + batch.count);
    return batch;
  }

  /** The oldest batch that was published and is not confirmed. */
  oldest(): NumberedBatch | undefined {
    return this.#published > 0 ? this.#batches[0] : undefined;
  }

  /** Every item below `count` is confirmed. False where that says nothing new or is nonsense. */
  confirm(count: number): boolean {
    const last = this.#batches.at(-1);
    if (last === undefined || count <= this.#confirmed) return false;
    if (count > last.first + last.count) return false;
    this.#confirmed = count;
    let done = 0;
    for (const batch of this.#batches) {
      if (batch.first + batch.count > count) break;
      this.#bytes -= batch.payload.byteLength;
      done++;
    }
    this.#batches.splice(0, done);
    this.#published = Math.max(0, this.#published - done);
    return true;
  }

  /** Batches that hold items from `count` on are to be published again. */
  rewind(count: number = this.#confirmed): void {
    const index = this.#batches.findIndex((batch) => batch.first + batch.count > count);
    if (index >= 0) this.#published = Math.min(this.#published, index);
  }

  /** Gives everything up that is not confirmed, in order. */
  clear(): NumberedBatch[] {
    const batches = this.#batches;
    this.#batches = [];
    this.#published = 0;
    this.#bytes = 0;
    return batches;
  }
}
