/** Limits of origins over HTTP. A name ends with the unit; each line says why. */
export const httpOriginLimits = {
  /** Wait before a request is sent again; it doubles up to the maximum. */
  retryMs: 100,
  retryMsMax: 5_000,
  /** Events and handshakes that wait for a permit: the largest window of a node. */
  permitWaitersMax: 1_000_000,
  /** How long a URL that failed is not asked while another one answers; it doubles as well. */
  downMs: 1_000,
  downMsMax: 30_000,
  /** Ids in one request of keep-alives, as the original has it. */
  keepAliveIdsMax: 10_000,
  /** A node reports its living connections in several items: they become one request. */
  keepAliveGatherMs: 200,
} as const;
