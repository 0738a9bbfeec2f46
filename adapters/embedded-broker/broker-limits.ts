/** Limits of the embedded broker. The name ends with the unit. */
export const brokerLimits = {
  /** Time from the start of a TCP connection to its CONNECT. */
  connectMs: 10_000,
  /** aedes: concurrent deliveries. All clients share them: one slow client must not take all. */
  concurrency: 1_000,
  /** aedes: a subscriber that reads nothing for this long is disconnected. */
  drainMs: 5_000,
  /** Bytes of one client that wait for aedes; then its socket is paused. */
  readBytesMax: 262_144,
  /** Connections to the embedded broker: a node has four, an origin two. */
  connectionsMax: 1_024,
  /** A CONNECT (client id, user, password, Will), which anybody can send. */
  connectBytesMax: 65_536,
  /** Any other packet: the largest batch with its topic. */
  packetBytesMax: 17_891_328,
  /** aedes: packets that one client may send before its CONNACK. */
  queueMax: 1_000,
} as const;
