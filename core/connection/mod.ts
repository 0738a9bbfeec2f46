export type { ConnectionStream } from "./connection.ts";
export { type Closing, Connection, type ConnectionApp } from "./connection.ts";
export { ConnectionGuard, type GuardOptions } from "./connection-guard.ts";
export { ConnectionLog } from "./connection-log.ts";
export { drainConnections } from "./drain.ts";
export { IdleConnections } from "./idle-connections.ts";
export { newConnectionId, slotOfConnectionId } from "./new-connection-id.ts";
export { type Connections, Registry } from "./registry.ts";
