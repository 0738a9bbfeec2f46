/** Limits of the embedded broker, with the unit last in the name and why. */
export const brokerLimits = {
  /** From the start of a connection to its CONNECT. */
  connectMs: 10_000,
  /** aedes: deliveries under way at once; they are shared, so many, lest one client stops all. */
  concurrency: 1_000,
  /** aedes: a subscriber that reads nothing this long is cut off. */
  drainMs: 5_000,
  /** Bytes of one client that wait until aedes reads them; past it TCP slows the client. */
  readBytesMax: 262_144,
  /** Clients of the embedded broker at once: a node takes four, an origin two. */
  connectionsMax: 1_024,
  /** A CONNECT, from somebody who has not logged in: client id, user, password, Will. */
  connectBytesMax: 65_536,
  /** Any other packet: the largest batch and its topic. */
  packetBytesMax: 17_891_328,
  /** aedes: packets of one client before its CONNACK. */
  queueMax: 1_000,
} as const;
