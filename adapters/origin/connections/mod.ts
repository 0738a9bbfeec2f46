export { KnownConnections } from "./known-connections.ts";
export { OriginConnection, type WaitingEvent } from "./origin-connection.ts";
