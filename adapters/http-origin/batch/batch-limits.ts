/** Limits of HTTP origins in the form `batch`. A name ends with the unit; each line says why. */
export const batchLimits = {
  /** Bytes of the items in one request. A larger item goes alone. */
  requestBytesMax: 1_048_576,
  /** Bytes of events of one node that are held; past it the node repeats them later. */
  heldBytesMax: 67_108_864,
  /** Nodes whose streams are received; more than any cluster has. */
  nodesMax: 10_000,
  /** `close` items of a lost node in one request. */
  lostItemsMax: 1_000,
  /** Commands that the nodes have not taken: past it no request is made. */
  commandBytesMax: 16_777_216,
  /** Ids whose MessagePack is remembered, about 10 MB. */
  packedIdsMax: 65_536,
  /** Wait between two attempts of a request: it doubles from the first to the second value. */
  retryMsMin: 100,
  retryMsMax: 5_000,
  /** Wait between two probes of an HTTP origin that was given up. */
  probeMsMin: 500,
  probeMsMax: 10_000,
  /** The first one comes later after each give-up: it doubles up to this. */
  absenceMsMax: 60_000,
  /** For so long it is remembered that an origin was given up. */
  giveUpMemoryMs: 600_000,
  /** Give-ups that are remembered: as many as lead to the longest wait. */
  giveUpsMax: 7,
  /** A batch that fails is divided by this: one that hangs costs a time-out each time. */
  searchDivisor: 8,
} as const;
