/** Limits of HTTP origins in the form `batch`. A name ends with the unit; each line says why. */
export const batchLimits = {
  /** Bytes of the items in one request. A larger item goes alone. */
  requestBytesMax: 1_048_576,
  /** Bytes of one node's events in memory; batches past it are dropped, and come again later. */
  heldBytesMax: 67_108_864,
  /** Nodes whose streams are received; more than any cluster has. */
  nodesMax: 10_000,
  /** `close` items of a lost node in one request. */
  lostItemsMax: 1_000,
  /** Bytes of commands that nodes have not confirmed; past it no request is sent. */
  commandBytesMax: 16_777_216,
  /** Ids whose MessagePack is remembered, about 10 MB. */
  packedIdsMax: 65_536,
  /** Wait between two attempts of a request: it doubles from the first to the second value. */
  retryMsMin: 100,
  retryMsMax: 5_000,
  /** Wait between two probes of an HTTP origin that was given up. */
  probeMsMin: 500,
  probeMsMax: 10_000,
  /** Wait before the first probe: it doubles with each time that the origin is given up. */
  absenceMsMax: 60_000,
  /** How long it is remembered that an origin was given up. */
  giveUpMemoryMs: 600_000,
  /** Give-ups that are remembered: as many as lead to the longest wait. */
  giveUpsMax: 7,
  /** A failing batch is divided by this. Few steps, as each may cost a time-out. */
  searchDivisor: 8,
} as const;
