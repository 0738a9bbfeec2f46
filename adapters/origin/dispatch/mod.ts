export { Authorizations } from "./authorizations.ts";
export {
  type AuthorizeAnswer,
  type AuthorizeHandler,
  type AuthorizeRequest,
  type Grant,
  Rejection,
  reject,
} from "./authorize.ts";
export { ClosedConnections } from "./closed-connections.ts";
export { type ConnectionOwner, OriginConnection, packId } from "./connection.ts";
export { ConnectionTable } from "./connection-table.ts";
export { DetachedConnections } from "./detached-connections.ts";
export { Dispatcher } from "./dispatcher.ts";
