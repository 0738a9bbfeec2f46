/** A batch whose events are being handled. */
export interface BatchRecord {
  /** Number after its last item. */
  readonly end: number;
  /** Events that are not handled yet, and one while the batch is still being read. */
  pending: number;
  readonly stream: HandledItems;
}

/** How far a numbered stream has been handled: every item below, whatever finishes first. */
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

  /** A batch that is being read; `settle` it when that is done, beside its events. */
  begin(end: number): BatchRecord {
    const record = { end, pending: 1, stream: this };
    this.#records.push(record);
    return record;
  }

  /** One event of a batch is handled, or the batch is read. */
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
