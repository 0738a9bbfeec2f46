/** Limits of the service port. A name ends with the unit; each line says why. */
export const serviceLimits = {
  /** A body of `/sr` and `/commands`: what a node takes as one batch. */
  bodyBytesMax: 17_825_792,
  /** A message to `@connections`: as API Gateway has it. */
  messageBytesMax: 131_072,
  /** Bodies of all requests that are read now; one without a length counts as the longest. */
  bodiesBytesMax: 134_217_728,
  /** Commands that the bus has not confirmed. */
  commandsBytesMax: 67_108_864,
  /** Bytes of a packet besides one command: topic, and the head of the batch. */
  packetRoomBytes: 1_024,
  /** Requests under way; each may wait for replies. */
  requestsMax: 1_024,
} as const;
