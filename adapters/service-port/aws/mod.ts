export { parseAccessKeys } from "./access-keys.ts";
export { createConnectionsApp, isOfConnections, pathOf } from "./connections.ts";
export { awsRefusal } from "./errors.ts";
