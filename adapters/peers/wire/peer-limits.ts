/** Limits of a cluster over HTTP. A name ends with the unit; each line says why. */
export const peerLimits = {
  /** A peer that nothing was sent to for this long is sent an empty request. */
  heartbeatMs: 1_000,
  /** Without a request from a peer, or an answer of it, for this long it counts as dead. */
  deadMs: 3_000,
  /** Time for the TCP connection to a peer, as the original had it. */
  dialMs: 500,
  /** Time for an answer of a few bytes; a larger request has more, at `bytesPerMs`. */
  answerMs: 500,
  bytesPerMs: 4_096,
  /** First wait before a failed request is sent again; it doubles up to `heartbeatMs`. */
  repeatMs: 100,
  /** Messages of one request: a larger message goes alone. */
  requestBytesTarget: 1_048_576,
  requestMessagesMax: 10_000,
  /** Body of a request: the largest batch (`limits.batchBytesMax`), and room for its topic. */
  bodyBytesMax: 18_874_368,
  /** Bodies that are read at once. */
  bodiesBytesMax: 134_217_728,
  /** Messages that wait for one peer; past it a message fails. More than the largest batch. */
  queueBytesMax: 33_554_432,
  /** What a waiting message costs besides topic and payload. */
  messageOverheadBytes: 128,
  /** Characters of a topic: root, app, and a group's name that is percent-encoded. */
  topicCharsMax: 1_024,
  /** How far the clocks of two nodes may differ; it bounds what can be replayed. */
  clockSkewMs: 60_000,
  /** Incarnations of peers that are remembered while their requests could be replayed. */
  sessionsMax: 1_024,
  /** Retained topics of one peer: a presence for each app and origin. */
  retainedMax: 1_024,
  /** Addresses that are tried. */
  peersMax: 256,
  /** Between two resolutions of a peer's name, and between two that an unknown peer causes. */
  resolveMs: 60_000,
  resolveSoonMs: 5_000,
  /** An address of this node itself, or a second one of a peer, is asked again after this. */
  aliasMs: 60_000,
  /** At the end, time for what waits for the peers. */
  flushMs: 1_000,
  /** Topics whose parts are remembered. */
  topicsMax: 10_000,
} as const;
