/** Limits of the service port. A name ends with the unit; each line says why. */
export const serviceLimits = {
  /** A body of `/sr` and `/commands`: what a node takes as one batch. */
  bodyBytesMax: 17_825_792,
  /** A message to `@connections`: as API Gateway has it. */
  messageBytesMax: 131_072,
  /** Bodies of all requests that are read now; one without a length counts as far as it came. */
  bodiesBytesMax: 134_217_728,
  /**
   * Messages to `@connections` that are read now and whose signature is checked when they are
   * there: a stranger who knows an access key must not keep others from sending.
   */
  signedBodiesMax: 256,
  /** Commands that the bus has not confirmed. */
  commandsBytesMax: 67_108_864,
  /** Bytes of a packet besides one command: topic, and the head of the batch. */
  packetRoomBytes: 1_024,
  /** Ids that one request names: more than a node's share of connections, by far. */
  idsMax: 100_000,
  /** Of them in queries, whose answers are long: what a node lists of a group. */
  queriedIdsMax: 10_000,
  /** Commands or messages of one request: all of them may wait for replies. */
  commandsMax: 50_000,
  /** Ids of a command that go out as one: a node works off so many in a few milliseconds. */
  pieceIds: 1_000,
  /** A batch of this size goes out at once: about `pieceIds` ids. */
  batchBytesTarget: 32_768,
  /** Bytes of an id on the way, about. */
  idBytes: 32,
  /** Work of a request in one turn of the event loop; then others have theirs. */
  sliceMs: 5,
  /** Results of queries in one answer, as JSON. */
  resultsBytesMax: 67_108_864,
  /** Requests under way; each may wait for replies. */
  requestsMax: 1_024,
} as const;
