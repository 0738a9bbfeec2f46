/** A batch whose events are being handled. */
export interface BatchRecord {
  /** Number after its last item. */
  readonly end: number;
  /** Events that are not handled yet, and one more while the batch is being read. */
  pending: number;
  readonly stream: HandledItems;
}

/** Up to which number all items of a stream are handled. Handlers may finish in any order. */
export class HandledItems {
  readonly name: string;
  readonly #progress: () => void;
  readonly #records: BatchRecord[] = [];
  #handled = 0;

  constructor(name: string, progress: () => void) {
    this.name = name;
    this.#progress = progress;
  }

  /** Every item below has been handled. */
  get handled(): number {
    return this.#handled;
  }

  /** Begins a batch. It is to be settled once for each of its events, and once when it is read. */
  begin(end: number): BatchRecord {
    const record = { end, pending: 1, stream: this };
    this.#records.push(record);
    return record;
  }

  /** One event of the batch is handled, or the batch is read. */
  settle(record: BatchRecord): void {
    record.pending--;
    if (record.pending > 0) return;
    let done = 0;
    while (this.#records[done]?.pending === 0) done++;
    if (done === 0) return;
    this.#handled = this.#records[done - 1]!.end;
    this.#records.splice(0, done);
    this.#progress();
  }
}
