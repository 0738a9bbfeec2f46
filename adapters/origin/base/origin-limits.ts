/** Limits of the origin library, with the unit last in the name and why. */
export const originLimits = {
  /** Commands given to `send` that the broker has not confirmed; past it `send` throws. */
  sendQueueBytesMax: 67_108_864,
  /** Full batches published at once; smaller ones wait for fewer, so that they grow. */
  batchesInFlightMax: 16,
  /** Events that wait for handlers or iterators; past it their connections are closed (1013). */
  waitingEventsMax: 100_000,
  /** The same in bytes of message data. */
  waitingBytesMax: 67_108_864,
  /** Between the end of a node's presence and the conclusion that its connections are lost. */
  nodeLostGraceMs: 2_000,
  /** Between heartbeats of an origin: three missed are 6 s, within what failover may take. */
  presenceMs: 2_000,
  /** Default of `window`: items that each node may send before the first is confirmed. */
  windowItems: 20_000,
  /** How long `close` waits for nodes to hand over and for handlers to finish. */
  handOverMs: 10_000,
  /** Ids of connections that were told as closed and may come again by another stream. */
  endedConnectionsMax: 10_000,
  /** Connections that were given to others, or whose node seemed dead, and may come back. */
  detachedConnectionsMax: 100_000,
  /** About the longest time of a timer: it only keeps the process up. */
  timerMsMax: 1_073_741_824,
  /** Between two errors about events of somebody who plays a node: there may be many of them. */
  foreignToldMs: 1_000,
  /** Default wait for a `reply`. */
  replyMs: 10_000,
  /** Replies waited for at once. */
  repliesMax: 65_536,
  /** Publishes and queries for whole groups that the broker has not confirmed. */
  groupQueueBytesMax: 33_554_432,
  /** Their batches published at once; smaller ones wait, so that they grow. */
  groupBatchesInFlightMax: 64,
  /** A publish waits so long for each change of its group's members that was begun before it. */
  groupGateMs: 5_000,
  /** While no node is known, a question to all of them waits so long for the first. */
  firstNodeMs: 1_000,
  /** Handlers of `authorize` that run at once; further handshakes wait for a place. */
  authorizingMax: 1_024,
  /** Handshakes that wait for a handler; past it they are rejected with 503. */
  authorizeQueueMax: 16_384,
  /** How long a handshake is waited for where the request does not say. */
  authorizeMs: 5_000,
  /** Commands that the broker has and their nodes have not confirmed; the oldest are given up. */
  keptBytesMax: 33_554_432,
  /** Without a node's confirmation for this long its oldest commands are sent again. */
  repeatMs: 2_000,
  /** A node that lives and confirms nothing for this long is given up: its commands are lost. */
  unconfirmedMsMax: 60_000,
  /** Streams of a node that are over and may be heard of still: each was a failover. */
  endedStreamsMax: 16,
  /** Topics of events whose numbers are remembered; a cluster has one a node and partition. */
  sourcesMax: 65_536,
  /** Of one node: its partitions, 256 at most, and this origin's own stream. */
  sourcesPerNodeMax: 257,
  /** A batch under construction starts with this much room, and is given back above the next. */
  batchBytesMin: 4_096,
  batchBytesKept: 1_048_576,
} as const;
