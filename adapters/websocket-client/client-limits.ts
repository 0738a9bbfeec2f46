/** Limits of the client, with the unit last in the name and why. */
export const clientLimits = {
  /** The head of the server's answer: more than servers send. */
  answerHeadBytesMax: 65_536,
  /** Of the body of a refusal so much is shown. */
  refusalBytesMax: 2_048,
  /** The body of a refusal is waited for so long. */
  refusalMs: 1_000,
  /** A message from the server; larger ones end the connection (1009). */
  messageBytesMax: 67_108_864,
  /** From our close frame to the server's; then the TCP connection is cut. */
  closeMs: 3_000,
} as const;
