import type { ErrorCode } from "../base/mod.ts";

/** What became of a command for one connection, as its `reply` tells it. */
export const Outcome = {
  /** The kernel has the message. */
  sent: "sent",
  /** The client does not read: it waits in our queue, or the connection was closed for it. */
  slow: "slow",
  /** No connection has that id. */
  gone: "gone",
  /** Older than its `ttl`. */
  expired: "expired",
  closed: "closed",
  joined: "joined",
  left: "left",
  stored: "stored",
  renewed: "renewed",
  accepted: "accepted",
  rejected: "rejected",
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome] | ErrorCode;
