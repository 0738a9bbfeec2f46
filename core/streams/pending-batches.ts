import type { NumberedBatch } from "./numbered-batch.ts";

/** A batch that is not acknowledged. */
export interface PendingBatch<Batch extends NumberedBatch> {
  readonly batch: Batch;
  /** The transport has it. */
  answered: boolean;
}

/** The batches of a stream that are not acknowledged, in order; some between may be gone. */
export class PendingBatches<Batch extends NumberedBatch> {
  readonly #all: PendingBatch<Batch>[] = [];
  #bytes = 0;
  #items = 0;

  get length(): number {
    return this.#all.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get items(): number {
    return this.#items;
  }

  at(index: number): PendingBatch<Batch> | undefined {
    return this.#all[index];
  }

  [Symbol.iterator](): IterableIterator<PendingBatch<Batch>> {
    return this.#all.values();
  }

  add(batch: Batch): void {
    this.#all.push({ batch, answered: false });
    this.#items += batch.count;
    this.#bytes += batch.payload.byteLength;
  }

  /** Index of the first batch that has an item from `number` on; the length if none has. */
  indexOf(number: number): number {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { batch } = this.#all[middle]!;
      if (batch.first + batch.count <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether one of them has this item. */
  has(number: number): boolean {
    const batch = this.#all[this.indexOf(number)]?.batch;
    return batch !== undefined && batch.first <= number;
  }

  /** How many batches from `index` on lie below `end` entirely. */
  below(end: number, index: number): number {
    let to = index;
    for (; to < this.#all.length; to++) {
      const { batch } = this.#all[to]!;
      if (batch.first + batch.count > end) break;
    }
    return to - index;
  }

  remove(index: number, count: number): readonly PendingBatch<Batch>[] {
    const removed = this.#all.splice(index, count);
    for (const { batch } of removed) {
      this.#bytes -= batch.payload.byteLength;
      this.#items -= batch.count;
    }
    return removed;
  }
}
