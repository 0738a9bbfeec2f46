/** Items of a stream from `first` to below `end`. */
export type HandledRange = readonly [first: number, end: number];

/** A batch whose events are being handled. */
export interface BatchRecord {
  /** Number of its first item. */
  readonly first: number;
  /** Number after its last item. */
  readonly end: number;
  /** Events that are not handled yet, and one more while the batch is being read. */
  pending: number;
  readonly stream: HandledItems;
}

/**
 * Which items of a stream are handled. Handlers may finish in any order. Batches behind one that
 * takes long are reported as handled too (`beyond`), so it holds up nothing but itself.
 */
export class HandledItems {
  readonly name: string;
  readonly #progress: () => void;
  /** Batches that are being handled, in their order. */
  readonly #records: BatchRecord[] = [];
  readonly #beyond: [first: number, end: number][] = [];
  #end = 0;

  constructor(name: string, progress: () => void) {
    this.name = name;
    this.#progress = progress;
  }

  /** Every item below has been handled. */
  get handled(): number {
    return this.#records[0]?.first ?? this.#end;
  }

  /**
   * Batches above `handled` of which every item has been handled, in their order; those that
   * follow each other are one range. The array changes with the next `settle`.
   */
  get beyond(): readonly HandledRange[] {
    return this.#beyond;
  }

  /** Begins a batch. It is to be settled once for each of its events, and once when it is read. */
  begin(end: number): BatchRecord {
    const record = { first: this.#end, end, pending: 1, stream: this };
    this.#end = end;
    this.#records.push(record);
    return record;
  }

  /** One event of the batch is handled, or the batch is read. */
  settle(record: BatchRecord): void {
    record.pending--;
    if (record.pending > 0) return;
    const index = this.#records.indexOf(record);
    this.#records.splice(index, 1);
    if (index > 0) this.#add(record);
    else this.#drop();
    this.#progress();
  }

  /** Nearly always the batch is one of the last. */
  #add({ first, end }: BatchRecord): void {
    const beyond = this.#beyond;
    const before = beyond.findLastIndex((range) => range[1] <= first);
    const [left, right] = [beyond[before], beyond[before + 1]];
    const joinsRight = right?.[0] === end;
    if (left?.[1] === first) {
      left[1] = joinsRight ? right[1] : end;
      if (joinsRight) beyond.splice(before + 1, 1);
    } else if (joinsRight) right[0] = first;
    else beyond.splice(before + 1, 0, [first, end]);
  }

  /** Ranges that are below `handled` now. */
  #drop(): void {
    const { handled } = this;
    const kept = this.#beyond.findIndex(([, end]) => end > handled);
    this.#beyond.splice(0, kept < 0 ? this.#beyond.length : kept);
  }
}
