/** Short times for faults that wait for a node to lose its patience, in milliseconds. */
export const patience = {
  ackTimeoutMs: 2_000,
  pingIntervalMs: 1_000,
  pingTimeoutMs: 2_000,
} as const;

/** The same as flags of a node: one set for all such faults, so that they share a cluster. */
export const impatient: readonly string[] = [
  "--ack-timeout",
  `${patience.ackTimeoutMs}ms`,
  "--ping-interval",
  `${patience.pingIntervalMs}ms`,
  "--ping-timeout",
  `${patience.pingTimeoutMs}ms`,
];
