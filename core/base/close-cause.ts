/** Why a connection ended, as the `close` event tells it. */
export const CloseCause = {
  client: "client",
  origin: "origin",
  idle: "idle",
  slow: "slow",
  limit: "limit",
  overload: "overload",
  drain: "drain",
  error: "error",
  nodeLost: "node-lost",
} as const;
export type CloseCause = (typeof CloseCause)[keyof typeof CloseCause];
