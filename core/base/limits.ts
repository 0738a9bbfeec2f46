/**
 * The fixed limits of the core and those that several rooms share, and those defaults of settings
 * that code also uses. An adapter has its own limits in a file `*-limits.ts`. Other defaults are
 * in `core/config/*-settings.ts`. A name ends with the unit; the line above says what is limited,
 * and why the value is what it is.
 */
export const limits = {
  /** Payload of a control frame (RFC 6455, 5.5). */
  controlPayloadBytesMax: 125,
  /** Slots in the codec's tables: a million connections, and room for handshakes under way. */
  connectionsMax: 1_048_576,
  /** Default and maximum of `--max-connections`. */
  connectionsCeiling: 1_000_000,
  /** Apps with series of their own: a scraper keeps each; further apps share those of `_other`. */
  appsLabelledMax: 100,
  /** Maximum of `--workers`: more than any machine has processors to spare. */
  workersMax: 256,
  /**
   * File descriptors that the client port leaves to the broker connections, the admin port and
   * files. A quarter of `ulimit -n` if that is smaller.
   */
  descriptorsSpare: 64,
  /** Period of the check for free descriptors: a flood takes thousands per second. */
  descriptorsTickMs: 100,
  /** Consecutive checks without a shortage before the ports reopen, so that a flood has ended. */
  descriptorsCalmTicks: 3,
  /** New TCP streams in one check period that may have used up the descriptors unnoticed. */
  burstStreamsMin: 16,
  /** Period of the timer that measures the event loop's delay: shorter stalls may hide. */
  loopTickMs: 100,
  /** A delay after which `/healthz` says that the loop stalled: the usual period of probes. */
  loopStallMs: 5_000,
  /** How long the longest delay is remembered: as long as most probes wait between two. */
  loopWindowMs: 10_000,
  /** Minimum time between two log lines about the same failure to accept. */
  acceptLineMs: 60_000,
  /** Time between two log lines about what happens again, and how many are told apart. */
  reportMs: 60_000,
  reportKeysMax: 1_000,
  /** With a default `--max-connections`, a warning is logged if descriptors allow fewer. */
  connectionsUsual: 10_000,
  /** Bytes copied into WASM memory at a time: what Node.js reads from a socket at once. */
  chunkBytesMax: 65_536,
  /** Default of `--max-header-size`: the usual value of HTTP servers. */
  handshakeHeaderBytesMax: 16_384,
  /** Minimum of `--max-header-size`: twice the size of a browser's handshake. */
  handshakeHeaderBytesFloor: 1_024,
  /** Maximum of `--max-header-size`: above it Deno's server answers before the gateway can. */
  handshakeHeaderBytesCeiling: 65_536,
  /** Header lines of a handshake; a browser behind two proxies sends about 30. */
  handshakeHeaderLinesMax: 256,
  /** A PROXY header of version 2, with the extensions that a proxy may append. */
  proxyHeaderBytesMax: 4_096,
  /** A batch of this size is published at once: larger ones gain no speed with MQTT.js. */
  batchBytesTarget: 65_536,
  /** A batch above this size has room before it for a packet's header: smaller ones are copied. */
  roomyBatchBytesMin: 16_384,
  /** That room: a PUBLISH with a topic of the usual length. A longer one costs a copy. */
  packetRoomBytes: 512,
  /** A batch without its items: version, stream name, number, lengths. */
  batchHeadBytesMax: 160,
  /** A message item without its data and state: verb, id, seq, lengths. */
  messageHeadBytesMax: 96,
  /** A larger received batch is refused: the largest message, and room for its targets. */
  batchBytesMax: 17_825_792,
  /** Default of `--max-message-size`. */
  messageBytesMax: 1_048_576,
  /** Maximum of `--max-message-size`: message and envelope must fit into one MQTT packet. */
  messageBytesCeiling: 16_777_216,
  /** Default of `--max-fragments`; a larger message may have one for each `fragmentBytesMin`. */
  fragmentsMax: 1_024,
  fragmentBytesMin: 16,
  /** Default of `--max-inflate-ratio`: text reaches 10 to 20, a decompression bomb 1,000. */
  inflateRatioMax: 100,
  /** Unfinished messages of all connections, in WASM memory. */
  partialBytesMax: 268_435_456,
  /** Above it connections are closed: below `partialBytesMax`, where the parser would refuse. */
  unfinishedBytesMax: 251_658_240,
  /** Of one address: a quarter of the memory, so that no single address can fill it. */
  unfinishedBytesPerAddressMax: 67_108_864,
  /** Oldest unfinished messages of an address that are compared to choose the one to close. */
  unfinishedLooksMax: 1_000,
  /** Default of `--message-timeout`: enough for 1 MiB at 18 KB/s. */
  messageTimeoutMs: 60_000,
  /** Period of the check for messages that take too long. */
  messageTickMs: 1_000,
  /** Default of `--max-control-frames-per-second`: clients need one or two. */
  controlFramesPerSecondMax: 100,
  /** Default of `--send-queue-size`. */
  sendQueueBytesMax: 1_048_576,
  /** Fan-out by the runtime: each member's queue is looked at after so long in any case. */
  membersLookMs: 1_000,
  /** Default of `--max-publish-size`. */
  publishBytesMax: 1_048_576,
  /** Default of `--event-window-size`. */
  eventWindowBytesMax: 8_388_608,
  /** Unconfirmed publishes of a stream: past it batches get larger instead of more. */
  eventWindowBatchesMax: 64,
  /** Unacknowledged items of an origin whose presence has no `window`. */
  eventWindowItemsMax: 20_000,
  /** Heartbeats of a presence that may be missed before its process counts as gone. */
  heartbeatsMissedMax: 3,
  /** Levels of arrays and maps that a batch may have, itself the first. */
  nestingMax: 32,
  /** The longest timer of the runtimes: 31 bits of milliseconds. */
  timerMsMax: 2_147_483_647,
  /** A timer this late means that this process itself was stalled. */
  stallMs: 500,
  /** How long an origin's broker may be away before that is told, and between two such lines. */
  unreachedLineMs: 60_000,
  /** Time from an origin's Will to the failover: a live origin announces itself again in it. */
  originGraceMs: 250,
  /**
   * Without an acknowledgement for this long the oldest batch is repeated; the time doubles up to
   * the maximum. An origin that the broker refuses publishes to is probed at the same times.
   */
  ackProbeMs: 2_000,
  ackProbeMsMax: 30_000,
  /** The window's part that one connection may fill: many may hang before the window is full. */
  windowShares: 16,
  /** The least of that part, so that a small window does not stop a connection at each message. */
  shareBytesMin: 65_536,
  shareItemsMin: 64,
  /** Its share is divided by this while others hang: each waiting event keeps its batch. */
  sparseShares: 8,
  /** Ranges that an acknowledgement names above its count: one for each connection that hangs. */
  handledRangesMax: 256,
  /** Delay of an acknowledgement: acknowledgements are cumulative, so one replaces several. */
  ackDelayMs: 10,
  /** Such delays in a row while batches come: few, as another origin repeats what has no ack. */
  ackWaitsMax: 5,
  /** Bytes received after which there is one delay only: half of the smallest window. */
  ackBytes: 32_768,
  /** Minimum time between two repetitions of a stream: acks that report one gap come in bursts. */
  repeatGapMs: 100,
  /** Repeated batches without an acknowledgement: mosquitto holds 1,000 for a slow receiver. */
  repeatBatchesMax: 500,
  /**
   * After a reconnect, open mode waits this long for subscribers if the broker does not report
   * them.
   */
  resubscribeMs: 500,
  /** If the broker does report them: how long, and how often, a batch is tried again. */
  resubscribeMsMax: 5_000,
  resubscribeEveryMs: 100,
  /**
   * The events of the first origin wait until the broker has confirmed those of open mode. The
   * node looks this often, and this many times: after 10 s the origin gets its events anyway.
   */
  openBacklogLookMs: 10,
  openBacklogLooksMax: 1_000,
  /** Period of the check of streams. */
  routerTickMs: 1_000,
  /** Idle connections that are moved to another origin in one such period. */
  rebalancePerTickMax: 100,
  /** At this many unconfirmed publishes a batch is filled further, not published at once. */
  publishesInFlightTarget: 1,
  /** Resolution of `--ping-interval`, `--ping-timeout` and `--idle-timeout`. */
  livenessTickMs: 100,
  /** Time in which the liveness of every connection is checked once. */
  livenessPassMs: 1_000,
  /** Age of a gap in a command stream at which it is logged: a live sender fills it in moments. */
  missingWarnMs: 5_000,
  /** Command streams with a gap that a node watches. */
  missingStreamsMax: 1_000,
  /** Command streams that a node remembers of one sender, which needs one per start. */
  commandStreamsPerSenderMax: 64,
  /** Command streams of all senders of an app, about 20 MB; then a new sender is refused. */
  commandStreamsMax: 65_536,
  /** A sender that was silent for this long may be forgotten: it repeats nothing any more. */
  commandSenderSilentMs: 3_600_000,
  /** Characters in the name of a sender of numbered commands. */
  senderCharsMax: 64,
  /** UTF-8 bytes of a group's name, which is a topic level. */
  groupBytesMax: 256,
  /** UTF-8 bytes of a user's name: with `@user/` it must be a group's name. */
  userBytesMax: 250,
  /** Groups with members on one node: each is a subscription at the broker. */
  groupsMax: 1_000_000,
  /** Default of `--max-groups-per-connection`. */
  groupsPerConnectionMax: 100,
  /** A connection's `state` as MessagePack: every message item repeats it. */
  stateBytesMax: 4_096,
  /** The states of all connections, in WASM memory; then a `state` command is refused. */
  statesBytesMax: 268_435_456,
  /** The `info` of all connections, kept for a failover; then a handshake gets 503. */
  infosBytesMax: 1_073_741_824,
  /** Different requests of which many connections share what is kept; then all are forgotten. */
  alikeTextsMax: 1_024,
  /** UTF-16 units of such a text: a longer one is kept for its connection alone. */
  alikeTextCharsMax: 512,
  /** Handshakes that await an origin's answer; then 503. */
  handshakesWaitingMax: 65_536,
  /**
   * Unacknowledged `connect` items of one stream, in bytes; then handshakes are refused. Their
   * number is limited by the origin's `window`, which counts as `handshakeItemsMin` at least.
   */
  handshakeBytesMax: 8_388_608,
  handshakeItemsMin: 1_000,
  /** Default of `--max-handshakes-per-ip`: 1/16 of `handshakesWaitingMax`, enough for a proxy. */
  handshakesPerIpMax: 4_096,
  /** Default of `--max-handshake-rate-per-ip`: enough for a proxy whose clients reconnect. */
  handshakesPerIpPerSecondMax: 1_000,
  /** Bytes that a client may send before its handshake is answered; then the stream is cut. */
  earlyBytesMax: 65_536,
  /** An admitted handshake that the runtime does not complete gives its place back after this. */
  reservationMs: 30_000,
  /** Headers in an origin's answer to a handshake: number, bytes of all, bytes of the body. */
  answerHeadersMax: 64,
  answerHeaderBytesMax: 8_192,
  answerBodyBytesMax: 65_536,
  /** Ids in one `reply` item, so that it fits the packet limit of any broker. */
  replyIdsMax: 1_000,
  /** Connections in one `reply` item to a `query`, for the same reason. */
  queryPageMax: 500,
  /** Characters of the `info` of the connections in one such item, about, for the same reason. */
  queryInfosMax: 65_536,
  /** Connections that one node lists in answer to a `query`; its `count` includes all. */
  queryConnectionsMax: 10_000,
  /** Time that a `reply` to `send` waits for the socket to take the message; then `slow`. */
  sentWaitMs: 5_000,
  /** Period of the check whether the socket has taken it. */
  sentTickMs: 50,
  /** Time that a handshake with groups waits for their subscriptions at the broker. */
  groupWaitMs: 5_000,
  /** Characters of a token: a handshake's headers have no room for more by default. */
  tokenBytesMax: 16_384,
  /** Keys that are tried for one token: each costs a signature check, and key sets are small. */
  tokenKeyTriesMax: 8,
  /** A JWKS document after decompression: ten times what large issuers publish. */
  jwksBytesMax: 262_144,
  /** Keys in a JWKS document. */
  jwksKeysMax: 100,
  /** Time for a JWKS request: a handshake may wait for it, so less than clients wait. */
  jwksTimeoutMs: 5_000,
  /** Period of JWKS requests: for this long a revoked key may still be accepted. */
  jwksRefreshMs: 300_000,
  /** Minimum time between two JWKS requests that tokens with an unknown key cause. */
  jwksCooldownMs: 30_000,
  /** Time after which a failed JWKS request is repeated. */
  jwksRetryMs: 5_000,
  /** Minimum of an RSA key (RFC 7518, 3.3). */
  rsaBitsMin: 2_048,
  /** Maximum of an RSA key: every runtime verifies up to this. */
  rsaBitsMax: 8_192,
  /** Ids in one `alive` item, so that a batch fits the packet limit of any broker. */
  aliveIdsMax: 1_000,
  /** Log lines per second with the same event and code; one more line counts the others. */
  logLinesPerSecondMax: 10,
  /** Minimum time between two log lines that explain the same lasting state. */
  hintMs: 60_000,
  /** Default of `--presence-interval`. */
  presenceIntervalMs: 5_000,
  /** Smaller messages are not compressed: that costs more than it saves. */
  deflateBytesMin: 256,
  /**
   * DEFLATE streams (final blocks) in one compressed message: zlib restarts after each, which is
   * expensive. One per `deflateStreamBytesMin`, at least `deflateStreamsFloor`, up to this.
   */
  deflateStreamsMax: 256,
  deflateStreamsFloor: 4,
  deflateStreamBytesMin: 64,
  /** Bytes per second that a client may inflate above the ratio: short texts compress well. */
  inflateFreeBytes: 65_536,
  /** Send queue limit of Bun's server: above the gateway's own, which is the one that applies. */
  runtimeQueueBytesMax: 1_073_741_824,
  /** A larger binary message is given to Bun at once: its buffer for joined writes has 16 KiB. */
  queuedBytesMax: 16_384,
  /** With more unsent bytes than this, only the latest pong is kept (RFC 6455, 5.5.3). */
  pongQueueBytesMax: 16_384,
  /** Bytes that a client may send after our close frame; then the stream is cut or not read. */
  closingBytesMax: 1_048_576,
  /** Frames for one socket are joined up to this size, to make one system call of them. */
  writeJoinBytesMax: 65_536,
  /** Block size for small frames that wait for a slow client. */
  backlogBlockBytes: 8_192,
  /** Size of the buffers that small frames share: allocating each frame would cost more. */
  slabBytes: 16_384,
  /** Time that a client has to answer our close frame; then its TCP connection is cut. */
  closeHandshakeMs: 5_000,
  /** Deno does not report that a client left during the upgrade; it is given up after this. */
  upgradeWaitMs: 5_000,
  /** Time without a broker at the start before a log line says so. */
  brokerStartWaitMs: 2_000,
  /** An origin in the node's own process may confirm nothing for this long. */
  slowOriginMsMax: 86_400_000,
  /** Time for an HTTP server's name, TCP, a proxy's tunnel and TLS, as the original had it. */
  httpConnectMs: 1_000,
  /** Time for an HTTP request, from the wait for a connection to the last byte of the answer. */
  httpTimeoutMs: 15_000,
  /** Resolution of the times of HTTP requests and connections. */
  httpTickMs: 50,
  /** Headers of an HTTP answer, interim ones included: what HTTP servers take themselves. */
  httpHeadBytesMax: 16_384,
  /** Body of an HTTP answer. */
  httpAnswerBytesMax: 1_048_576,
  /** Connections to one HTTP server. */
  httpConnectionsMax: 256,
  /** Requests to one HTTP server that wait for a connection; then a request fails. */
  httpWaitingMax: 10_000,
  /** Smaller request bodies are copied, to write them with their head in one system call. */
  httpJoinBytesMax: 65_536,
  /** Time that an idle HTTP connection is kept: less than the 5 s of Node.js' server. */
  httpIdleMs: 4_000,
  /** The same if the server says that it waits for longer. */
  httpIdleMsMax: 60_000,
  /** Age at which an HTTP connection is replaced, so that the server's name is resolved again. */
  httpConnectionAgeMs: 300_000,
  /** URLs whose parts the HTTP client remembers. */
  httpTargetsMax: 1_000,
  /** Time for the body of an HTTP request: 16 MiB at 9 Mbit/s. */
  requestBodyMs: 15_000,
  /** Time for the rest of a body that nobody reads; then its TCP stream is cut. */
  requestLingerMs: 2_000,
  /** Requests on one connection that wait for those before them; past it the connection ends. */
  pipelinedRequestsMax: 100,
  /** Time that the end of the process waits for the last publishes. */
  shutdownFlushMs: 5_000,
  /** Default of `--max-spans-per-second`: what a backend of traces takes without a thought. */
  spansPerSecondMax: 1_000,
  /** Messages of one connection with a span: a longer trace is one that nobody can look at. */
  spansPerConnectionMax: 1_000,
  /** Bytes that the context of a span takes in a message, and a nil before it. */
  messageTraceBytes: 58,
  /** Spans of one event stream that wait for the acknowledgement of their event. */
  tracedEventsMax: 4_096,
  /** Spans that wait to be exported, unless `OTEL_BSP_MAX_QUEUE_SIZE` says otherwise. */
  spansWaitingMax: 2_048,
  spansWaitingCeiling: 65_536,
  /** Time that the end of the process waits for the last spans. */
  spansFlushMs: 2_000,
} as const;

/**
 * The maximum compressed size of a message of `bytes` bytes: zlib's `deflateBound` for any
 * settings, and room for a few flushes. Incompressible data gets longer than it was.
 */
export function compressedBytesMax(bytes: number): number {
  return bytes + (bytes >> 3) + (bytes >> 6) + 64;
}
