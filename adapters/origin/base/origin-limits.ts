/** Limits of the origin library. A name ends with the unit; each line says why. */
export const originLimits = {
  /** Commands to connections that the broker has not confirmed; past it `send` throws. */
  sendQueueBytesMax: 67_108_864,
  /** Full batches to one node in flight; smaller ones wait for the last one, so that they grow. */
  batchesInFlightMax: 16,
  /** Bytes to one node that wait for its acknowledgement, or the broker's; others wait here. */
  unsettledBytesMax: 8_388_608,
  /** Events that wait for handlers or iterators; past it a connection is closed (1013). */
  waitingEventsMax: 100_000,
  /** Bytes of message data in those events. */
  waitingBytesMax: 67_108_864,
  /** From the end of a node's presence until its connections count as lost. */
  nodeLostGraceMs: 2_000,
  /** Between heartbeats of an origin: three missed are 6 s, within what failover may take. */
  presenceMs: 2_000,
  /** Default of `window`: items that each node may send before the first is confirmed. */
  windowItems: 20_000,
  /** Below it acks do not wait for more: `limits.ackBytes` may be more items than that. */
  smallWindowItems: 1_000,
  /** How long `close` waits until nodes have given the connections to other origins. */
  leaveWaitMs: 10_000,
  /** Connections that ended and may come again by another stream. */
  endedConnectionsMax: 10_000,
  /** Connections that moved to other origins, or whose node was taken for dead. */
  detachedConnectionsMax: 100_000,
  /** Between two errors about events with ids of other nodes: there may be many of them. */
  foreignReportMs: 1_000,
  /** Default wait for a `reply`. */
  replyMs: 10_000,
  /** Commands that wait for a reply at once. */
  repliesMax: 65_536,
  /** Publishes and queries for groups that the broker has not confirmed. */
  groupQueueBytesMax: 33_554_432,
  /** Batches to one group in flight; further commands wait, so that batches grow. */
  groupBatchesInFlightMax: 64,
  /** A publish waits this long for each join and leave of its group that began before it. */
  publishBarrierMs: 5_000,
  /** While no node is known, a query to all of them waits this long for the first. */
  firstNodeMs: 1_000,
  /** Handlers of `authorize` that run at once; further handshakes wait. */
  authorizingMax: 1_024,
  /** Handshakes that wait for a handler; past it they are rejected with 503. */
  authorizeQueueMax: 16_384,
  /** How long a handshake waits if the request does not say it. */
  authorizeMs: 5_000,
  /** Commands that a node has not acknowledged; past it they are given up. */
  keptBytesMax: 33_554_432,
  /** Nodes that commands were sent to; past it those are forgotten that have no presence. */
  nodeSendersMax: 1_024,
  /** Where a node acknowledges nothing for this long, its oldest commands are sent again. */
  probeMs: 2_000,
  /** Where a living node acknowledges nothing for this long, its commands are given up. */
  unconfirmedMsMax: 60_000,
  /** Streams of a node that are over and may still arrive: each was a failover. */
  endedStreamsMax: 16,
  /** Topics of events whose numbers are remembered: one for each node and partition. */
  sourcesMax: 65_536,
  /** Such topics of one node: 256 partitions at most, and this origin's own stream. */
  sourcesPerNodeMax: 257,
  /**
   * Room of a new batch, of one up to `limits.batchBytesTarget`, and what its buffer may keep
   * after the batch is taken.
   */
  batchBytesMin: 4_096,
  batchBytesFull: 69_632,
  batchBytesKept: 1_048_576,
} as const;
