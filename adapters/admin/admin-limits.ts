/** Limits of the admin port. A name ends with the unit. */
export const adminLimits = {
  /** A body: the largest message by default, in base64. */
  bodyBytesMax: 2_097_152,
  /** Bodies of all requests that are read now. */
  bodiesBytesMax: 16_777_216,
  /** Requests to `/admin` that are not answered yet. */
  requestsMax: 128,
  /** Tails of all readers at one time. */
  tailsMax: 16,
  /** Bytes of a tail that its reader has not taken; then lines are left out. */
  tailBytesMax: 65_536,
  /** Period of a comment in a tail without lines: proxies cut what is silent. */
  tailCommentMs: 15_000,
  /** A tail ends after this; a reader that wants more opens another one. */
  tailMsMax: 3_600_000,
  /** Characters of what is searched for. */
  searchCharsMax: 256,
  /** Characters of a target in the log: the longest id, and more. */
  targetCharsMax: 256,
  /** Characters of a user's name in the header of a proxy. */
  userCharsMax: 256,
} as const;
