/** Limits of the commands that ask a gateway's admin port. */
export const adminClientLimits = {
  /** For an answer: a search at the gateway takes 2 s at most, for each worker. */
  answerMs: 30_000,
  /** Connections in one answer: the gateway's own maximum. */
  pageMax: 500,
  /** One event of a tail; its payload is cut by the gateway. */
  eventCharsMax: 1_048_576,
} as const;
