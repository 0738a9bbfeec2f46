/** Limits of a start with several brokers. */
export const startLimits = {
  /** When the first broker is there, a start waits this long for the others. */
  othersMs: 1_000,
} as const;
