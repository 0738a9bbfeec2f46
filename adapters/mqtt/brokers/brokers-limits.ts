/** Limits of several brokers. */
export const brokersLimits = {
  /** Brokers in a list: each costs every process its connections. */
  brokersMax: 16,
  /** Topics whose broker is remembered; past it all are computed anew. */
  topicsMax: 10_000,
  /** Processes whose presence is remembered by broker. */
  presencesMax: 10_000,
} as const;
