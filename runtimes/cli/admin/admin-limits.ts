export interface AdminClientLimits {
  readonly connectMs: number;
  readonly answerMs: number;
  readonly silenceMs: number;
  readonly answerBytesMax: number;
  readonly pageMax: number;
  readonly eventCharsMax: number;
}

/** Limits of the commands that ask a gateway's admin port. */
export const adminClientLimits: AdminClientLimits = {
  /** For name resolution, TCP and TLS. */
  connectMs: 5_000,
  /** For an answer: a search at the gateway takes 2 s at most, for each worker. */
  answerMs: 30_000,
  /** Without a byte of a tail: the gateway sends a comment every 15 s. */
  silenceMs: 60_000,
  /** Bytes of an answer: 500 connections with all their groups have less. */
  answerBytesMax: 16_777_216,
  /** Connections in one answer: the gateway's own maximum. */
  pageMax: 500,
  /** One event of a tail; its payload is cut by the gateway. */
  eventCharsMax: 1_048_576,
};
