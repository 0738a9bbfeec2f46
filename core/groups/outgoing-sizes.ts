import type { ErrorCode } from "../base/mod.ts";

/** How large a message to clients may be. */
export interface OutgoingSizes {
  /** Bytes of one message. */
  readonly publishBytesMax: number;
  /** Bytes that a client may leave unread. */
  readonly sendQueueBytesMax: number;
}

/**
 * Why no client is sent a message of that size; undefined if it may be sent. A message larger
 * than the send queue can never fit into it.
 */
export function sizeFault(
  { publishBytesMax, sendQueueBytesMax }: OutgoingSizes,
  bytes: number,
): ErrorCode | undefined {
  if (bytes > publishBytesMax) return "publish-too-big";
  return bytes > sendQueueBytesMax ? "queue-too-small" : undefined;
}
