/** Ids that are read before others may have their turn: fewer than a millisecond's worth. */
export const sliceIds = 1_000;
