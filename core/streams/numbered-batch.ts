/** Consecutive items of a numbered stream. */
export interface ItemRange {
  /** Number of the first one. */
  readonly first: number;
  /** How many there are. */
  readonly count: number;
}

/** One batch of a numbered stream, encoded. */
export interface NumberedBatch extends ItemRange {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Bytes before the payload in its buffer that a transport may overwrite; none if undefined. */
  readonly room?: number | undefined;
}
