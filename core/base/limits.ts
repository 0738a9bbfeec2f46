/**
 * Every limit that is not a setting, with its unit last in the name and why it is what it is.
 * Limits that an operator sets have their defaults here too; `core/config.ts` reads them.
 */
export const limits = {
  /** RFC 6455, 5.5: a control frame's payload. */
  controlPayloadBytesMax: 125,
  /** Slots of the codec's tables: a million sockets, and room for handshakes under way. */
  connectionsMax: 1_048_576,
  /** What `--max-connections` may ask for, and its default. */
  connectionsCeiling: 1_000_000,
  /**
   * Descriptors that the client port leaves for the broker, the admin port, files and whatever
   * else comes; of a small `ulimit -n` a quarter.
   */
  descriptorsSpare: 64,
  /** How often it is looked whether descriptors are short: a flood takes thousands a second. */
  descriptorsTickMs: 100,
  /** Such ticks without trouble before ports are opened again: not in the midst of a flood. */
  descriptorsCalmTicks: 3,
  /** So many streams in one such tick may have taken every descriptor that there was. */
  burstStreamsMin: 16,
  /** Between two lines that tell of the same trouble with accepting. */
  acceptLineMs: 60_000,
  /** Below it a limit of descriptors is told, though nobody asked for more connections. */
  connectionsUsual: 10_000,
  /** One chunk of a socket is copied into WASM memory at a time; Node reads 64 KiB at once. */
  chunkBytesMax: 65_536,
  /** Default of `--max-header-size`: what most servers allow. */
  handshakeHeaderBytesMax: 16_384,
  /** What `--max-header-size` may ask for: a browser's handshake needs half of the least. */
  handshakeHeaderBytesFloor: 1_024,
  /** The most: past it Deno's own server answers by itself. */
  handshakeHeaderBytesCeiling: 65_536,
  /** A PROXY header, version 2, with what a proxy adds to it. */
  proxyHeaderBytesMax: 4_096,
  /** A batch that reaches this size is published at once: past it MQTT.js gains nothing more. */
  batchBytesTarget: 65_536,
  /** What a batch has before its items: version, the stream's name, numbers. */
  batchHeadBytesMax: 160,
  /** What a message item has besides its data and state: verb, id, seq, lengths. */
  messageHeadBytesMax: 96,
  /** A received batch larger than this is refused: the largest message plus room for its ids. */
  batchBytesMax: 17_825_792,
  /** Default of `--max-message-size`. */
  messageBytesMax: 1_048_576,
  /** What `--max-message-size` may ask for: it must fit one MQTT packet with its envelope. */
  messageBytesCeiling: 16_777_216,
  /** Default of `--max-fragments`: so many, and of larger messages one for each of these bytes. */
  fragmentsMax: 1_024,
  fragmentBytesMin: 16,
  /** Default of `--max-inflate-ratio`: text reaches 10 to 20, and a bomb a thousand. */
  inflateRatioMax: 100,
  /** Unfinished messages of all connections together, held in WASM memory. */
  partialBytesMax: 268_435_456,
  /** Past it whoever holds most and longest goes: before the parser refuses whoever sends next. */
  unfinishedBytesMax: 251_658_240,
  /** Of one address, or twice the largest message: a quarter, so that it takes many addresses. */
  unfinishedBytesPerAddressMax: 67_108_864,
  /** Of one address's unfinished messages so many, the longest, are compared. */
  unfinishedLooksMax: 1_000,
  /** Default of `--message-timeout`: 1 MiB at 18 KB/s. */
  messageTimeoutMs: 60_000,
  /** How often unfinished messages are looked after. */
  messageTickMs: 1_000,
  /** Default of `--max-control-frames-per-second`: a client has use for one or two. */
  controlFramesPerSecondMax: 100,
  /** Default of `--send-queue-size`: unsent bytes a client may leave before it counts as slow. */
  sendQueueBytesMax: 1_048_576,
  /** Default of `--max-publish-size`: a message to a group is copied for its members. */
  publishBytesMax: 1_048_576,
  /** Default of `--event-window-size`: published events the broker has not confirmed yet. */
  eventWindowBytesMax: 8_388_608,
  /** Publishes a stream keeps unconfirmed: few, because MQTT.js replays them one at a time. */
  eventWindowBatchesMax: 64,
  /** Items an origin gets unconfirmed where its presence names no window of its own. */
  eventWindowItemsMax: 20_000,
  /** Between an origin's Will and its failover: what lives announces itself again within this. */
  originGraceMs: 250,
  /**
   * Without a confirmation for this long the oldest batch is sent again; doubles each time. So is
   * asked for an origin that the broker lets nothing be published to.
   */
  ackProbeMs: 2_000,
  ackProbeMsMax: 30_000,
  /** Confirmations wait this long for one another: they are cumulative and rarely urgent. */
  ackDelayMs: 10,
  /** A gap repeats a stream at most this often: acks of the same gap come in bursts. */
  repeatMs: 100,
  /** How often streams are looked after, and how many connections are rebalanced each time. */
  routerTickMs: 1_000,
  rebalancePerTickMax: 100,
  /** Past it, batches grow until a publish is confirmed, so that they get larger under load. */
  publishesInFlightTarget: 1,
  /** Unit of time for liveness, and how long a walk over all connections may take. */
  livenessTickMs: 100,
  livenessPassMs: 1_000,
  /** A sender repeats what it is asked for within moments; a node says so of what stays away. */
  missingToldMs: 5_000,
  /** Streams of commands with a gap that a node watches at once. */
  missingStreamsMax: 1_000,
  /** Streams of numbered commands of one sender that a node remembers: it needs one a start. */
  commandStreamsPerSenderMax: 64,
  /** Of all senders of an app together: some 20 MB. Past it a sender that is new is refused. */
  commandStreamsMax: 65_536,
  /** A sender silent for so long makes room for a new one: nobody repeats a command later. */
  commandSenderSilentMs: 3_600_000,
  /** A sender's name, where the node is to remember its streams. */
  senderCharsMax: 64,
  /** UTF-8 bytes of a group's name, which stands in a topic. */
  groupBytesMax: 256,
  /** Of a user's name: `@user/` before it must still be a group's name. */
  userBytesMax: 250,
  /** Groups with members on one node: each is a subscription at the broker. */
  groupsMax: 1_000_000,
  /** Default of `--max-groups-per-connection`. */
  groupsPerConnectionMax: 100,
  /** A connection's `state` as MessagePack: it goes along with each of its messages. */
  stateBytesMax: 4_096,
  /** The states of all connections together, held in WASM memory; past it one is refused. */
  statesBytesMax: 268_435_456,
  /** What is kept of all connections' requests for later origins; past it 503. */
  infosBytesMax: 1_073_741_824,
  /** Handshakes that wait for an origin's answer at once; past it 503. */
  handshakesWaitingMax: 65_536,
  /**
   * Unconfirmed `connect` items of one stream: past these bytes, or as many items as the origin's
   * `window` allows and at least so many, handshakes are refused. Messages have a window apart.
   */
  handshakeBytesMax: 8_388_608,
  handshakeItemsMin: 1_000,
  /** Default of `--max-handshakes-per-ip`: a sixteenth of them, far more than a proxy has. */
  handshakesPerIpMax: 4_096,
  /** Default of `--max-handshake-rate-per-ip`: a proxy whose clients all come back passes. */
  handshakesPerIpPerSecondMax: 1_000,
  /** What a client may send before its handshake is answered; past it the stream is cut. */
  earlyBytesMax: 65_536,
  /** A handshake's place is kept this long after its answer, for a runtime that says nothing. */
  reservationMs: 30_000,
  /** Headers of an origin's answer to a handshake. */
  answerHeadersMax: 64,
  answerHeaderBytesMax: 8_192,
  answerBodyBytesMax: 65_536,
  /** Ids in one `reply`, so that it stays below any broker's packet limit. */
  replyIdsMax: 1_000,
  /** Connections in one `reply` to `query`, likewise. */
  queryPageMax: 500,
  /** Connections that one node lists in answer to one `query`; its count tells of all. */
  queryConnectionsMax: 10_000,
  /** A `reply` waits this long for the kernel to take a message; then it says `slow`. */
  sentWaitMs: 5_000,
  sentTickMs: 50,
  /** A handshake with groups waits this long for the broker. */
  groupWaitMs: 5_000,
  /** A token; by default a handshake's headers have no room for more. */
  tokenBytesMax: 16_384,
  /** Keys that one token is tried with: each costs a signature's check, and sets have few. */
  tokenKeyTriesMax: 8,
  /** A JWKS document, unpacked; large issuers send a tenth of it. */
  jwksBytesMax: 262_144,
  jwksKeysMax: 100,
  /** A handshake may wait this long for keys, so less than clients wait. */
  jwksTimeoutMs: 5_000,
  /** How long a key that the issuer took back may still be believed. */
  jwksRefreshMs: 300_000,
  /** Between two questions because a token names an unknown key, and after one that failed. */
  jwksCooldownMs: 30_000,
  jwksRetryMs: 5_000,
  /** RFC 7518, 3.3; and the longest that every runtime checks. */
  rsaBitsMin: 2_048,
  rsaBitsMax: 8_192,
  /** Ids in one `alive` item, so that a batch stays below any broker's packet limit. */
  aliveIdsMax: 1_000,
  /** Lines of one event and code a second; the rest is counted and told in one line. */
  logLinesPerSecondMax: 10,
  /** A line that says the cause of a state that lasts: now and then, as nobody reads it twice. */
  hintMs: 60_000,
  /** Heartbeats of presence; gone after three are missed. */
  presenceIntervalMs: 5_000,
  /** A smaller message is not deflated where deflate is on: it costs more than it saves. */
  deflateBytesMin: 256,
  /** Final blocks that one message may have: zlib is started anew behind each. */
  deflateStreamsMax: 256,
  /** So many in any case, and past that one for each of these bytes. */
  deflateStreamsFloor: 4,
  deflateStreamBytesMin: 64,
  /** What a client may inflate past the ratio in a second: small texts compress well. */
  inflateFreeBytes: 65_536,
  /** What a runtime may queue by its own limit: far past the gateway's, which is what counts. */
  runtimeQueueBytesMax: 1_073_741_824,
  /** Past it only the latest pong is kept until the client reads (RFC 6455, 5.5.3). */
  pongQueueBytesMax: 16_384,
  /** What a client may still send after our close frame; past it: cut, or not read any more. */
  closingBytesMax: 1_048_576,
  /** Frames for one socket are joined up to this size, so that a turn is one system call. */
  writeJoinBytesMax: 65_536,
  /** Small frames that a client does not read are copied together, so much at a time. */
  backlogBlockBytes: 8_192,
  /** Small frames share a buffer of this size: one is dear, and kept while any waits. */
  slabBytes: 16_384,
  /** Waiting for a client's answering close frame before its TCP connection is cut. */
  closeHandshakeMs: 5_000,
  /** Deno tells nothing of an upgrade whose client is gone: it is given up after this. */
  upgradeWaitMs: 5_000,
  /** Waiting for the broker at start before one line says that it cannot be reached yet. */
  brokerStartWaitMs: 2_000,
  /** Waiting for last publishes when the process ends. */
  shutdownFlushMs: 5_000,
} as const;
