/** Limits of everything that speaks MQTT, with the unit last in the name and why. */
export const mqttLimits = {
  /** MQTT's keep-alive: a dead TCP connection is noticed after one and a half of it. */
  keepAliveSeconds: 15,
  /** From the start of a connection to its CONNACK. */
  connectMs: 10_000,
  /** First wait before connecting again; doubles with every failure. */
  reconnectMsMin: 200,
  /** Longest wait before connecting again, so that a returned broker is found soon. */
  reconnectMsMax: 10_000,
  /** Publishes unconfirmed on one connection, where the broker names no Receive Maximum. */
  inFlightMax: 256,
  /** Publishes that wait for a place among those in flight; past it they fail. */
  waitingMax: 4_096,
  /** Bytes of those in flight and those that wait: some of the largest, thousands of most. */
  unansweredBytesMax: 67_108_864,
  /** A session that ends within this time may have ended over something that was published. */
  shortSessionMs: 5_000,
  /** So many in a row, and one line says so, in place of one for each. */
  shortSessionsTold: 3,
  /** Topics that a link remembers to have told of as refused. */
  refusedTopicsMax: 100,
  /** What is published to a topic that this client reads comes back within this time. */
  echoMs: 5_000,
  /** A timer that fires so much late tells of this process's own stall. */
  stallMs: 500,
  /** Sessions in a row that end before it has: then it never will. */
  echoLossesMax: 3,
  /** So many in a row, and one is published at a time. */
  shortSessionsMax: 2,
  /** So many with the same one on its way, and it is too large, or refused. */
  strikesMax: 3,
  /** A packet below this is too large for no broker. */
  packetBytesFloor: 4_096,
  /** Filters in one SUBSCRIBE or UNSUBSCRIBE. */
  filtersPerPacketMax: 250,
  /** Bytes of one, where the broker names no smaller limit: what any broker takes. */
  filtersPacketBytesMax: 65_536,
  /** SUBSCRIBE and UNSUBSCRIBE packets without an answer; the rest gathers into larger ones. */
  filterPacketsInFlightMax: 8,
  /** What a filter has besides its text: its length, and its options (MQTT 5, 3.8.3). */
  filterOverheadBytes: 3,
  /** What a broker is asked to give us at most: the largest batch, with the longest topic. */
  packetBytesMax: 17_956_864,
  /** What a packet has besides topic and payload: header, lengths, packet id, properties. */
  packetOverheadBytes: 16,
  /** Topics in log lines; a group's name alone may take 768. */
  topicCharsMax: 1_024,
  /** Before a node that sees a stranger's presence in its place says again that it lives. */
  reannounceMs: 1_000,
  /** Presence is asked for when no retained one came this long after subscribing. */
  presenceAskMs: 1_000,
  /** After a broker came back its subscribers need a moment to come back too. */
  resubscribeMs: 500,
  /** How long a broker that names no subscriber is asked again, and how often. */
  resubscribeMsMax: 5_000,
  resubscribeEveryMs: 100,
} as const;
