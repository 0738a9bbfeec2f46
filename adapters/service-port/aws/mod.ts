export { parseAccessKeys } from "./access-keys.ts";
export {
  type ConnectionsDependencies,
  createConnectionsApp,
  isOfConnections,
} from "./connections.ts";
export { awsRefusal } from "./errors.ts";
