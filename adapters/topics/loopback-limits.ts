/** Limits of a loopback check. */
export const loopbackLimits = {
  /** A publish to a topic that the same client subscribes comes back within this time. */
  loopbackMs: 5_000,
  /** After so many sessions in a row that ended before it came back, an access rule is missing. */
  loopbackLossesMax: 3,
} as const;
