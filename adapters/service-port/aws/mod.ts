export { parseAccessKeys } from "./access-keys.ts";
export { createConnectionsApp, isOfConnections } from "./connections.ts";
export { awsRefusal } from "./errors.ts";
