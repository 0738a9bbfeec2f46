/** The limits of what an operator asks of a node. A name ends with the unit. */
export const inspectLimits = {
  /** How long an operator waits for what became of a command. */
  commandMs: 4_000,
  /** Connections in one answer to a search. */
  connectionsMax: 500,
  /** The same if the question does not say. */
  connectionsDefault: 100,
  /** Connections that a search looks at before other work has its turn: about a millisecond. */
  sliceSlots: 4_000,
  /** Time for one search; the next one goes on where it stopped. */
  searchMs: 2_000,
  /** Searches of a node at one time. */
  searchesMax: 8,
  /** Groups that a description of a connection names. */
  groupsMax: 100,
  /** Tails of a node at one time. */
  tailsMax: 16,
  /** Lines of one tail in a second, and at once after a pause: more than a person reads. */
  linesPerSecond: 50,
  linesBurst: 100,
  /** Period in which a tail hands its lines over. */
  handOverMs: 100,
  /** Bytes of a payload that a line shows. */
  previewBytes: 512,
  /** Bytes of an event that is no message, and is shown as a whole. */
  itemBytesMax: 16_384,
  /** Targets of one command that are compared with the connections of tails. */
  targetsMax: 10_000,
  /** Batches of events that wait to be looked through, in bytes; then a batch is left out. */
  batchBytesMax: 4_194_304,
  /** Time for looking through batches before other work has its turn, and the pause after it. */
  lookMs: 5,
  lookPauseMs: 20,
  /** Members that a tail of a group remembers, for their last events. */
  membersMax: 10_000,
} as const;
