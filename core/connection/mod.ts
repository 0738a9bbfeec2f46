export { CloseCause, Connection } from "./connection.ts";
export { ConnectionGuard, type GuardOptions } from "./connection-guard.ts";
export { newConnectionId } from "./connection-id.ts";
export { ConnectionLog } from "./connection-log.ts";
export { drainConnections, tellUnconfirmed } from "./drain.ts";
export { every } from "./every.ts";
export { IdleConnections } from "./idle-connections.ts";
export { type Connections, Registry } from "./registry.ts";
export { TokenExpiries } from "./token-expiry.ts";
