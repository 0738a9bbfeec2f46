export { parseAccessKeys } from "./access-keys.ts";
export { type ConnectionsDependencies, createConnectionsApp } from "./connections.ts";
