/** Limits of everything that speaks MQTT, with the unit last in the name and why. */
export const mqttLimits = {
  /** MQTT's keep-alive: a dead TCP connection is noticed after one and a half of it. */
  keepAliveSeconds: 15,
  /** From the start of a connection to its CONNACK. */
  connectMs: 10_000,
  /** From a SUBSCRIBE or UNSUBSCRIBE to its answer: a broker that gives none hangs. */
  grantMs: 30_000,
  /** First wait before connecting again; doubles with every failure. */
  reconnectMsMin: 200,
  /** Longest wait before connecting again, so that a returned broker is found soon. */
  reconnectMsMax: 10_000,
  /** Publishes unconfirmed on one connection, if the broker names no Receive Maximum. */
  inFlightMax: 256,
  /** Publishes that wait until fewer are in flight; past it they fail with `window-full`. */
  waitingMax: 4_096,
  /** Bytes of the publishes in flight and waiting: a few of the largest, thousands of others. */
  unansweredBytesMax: 67_108_864,
  /** Bytes that wait in this process for the broker to read; past them publishers wait too. */
  unsentBytesMax: 65_536,
  /** A smaller payload is copied, to write it with its header at once. */
  joinBytesMax: 16_384,
  /** A session that ends sooner may have been ended because of a publish. */
  shortSessionMs: 5_000,
  /** After so many short sessions in a row one line is logged in place of one for each. */
  shortSessionsTold: 3,
  /** Topics of which a link remembers that it logged `publish-refused`. */
  refusedTopicsMax: 100,
  /** After so many short sessions in a row, one packet is published at a time. */
  shortSessionsMax: 2,
  /** A packet that was in flight in so many short sessions in a row is too large, or refused. */
  strikesMax: 3,
  /** No broker refuses a packet below this for its size. */
  packetBytesFloor: 4_096,
  /** Filters in one SUBSCRIBE or UNSUBSCRIBE. */
  filtersPerPacketMax: 250,
  /** Bytes of such a packet, unless the broker names a smaller limit: any broker takes it. */
  filtersPacketBytesMax: 65_536,
  /** SUBSCRIBE and UNSUBSCRIBE packets in flight; further filters gather into larger ones. */
  filterPacketsInFlightMax: 8,
  /** Bytes of a filter besides its text: its length and its options (MQTT 5, 3.8.3). */
  filterOverheadBytes: 3,
  /** The Maximum Packet Size that we name to the broker: the largest batch and longest topic. */
  packetBytesMax: 17_956_864,
  /** How long a node waits before it overwrites another node's presence under its own name. */
  reannounceMs: 1_000,
  /** A node that has received no retained presence for so long asks for presences. */
  presenceAskMs: 1_000,
} as const;
