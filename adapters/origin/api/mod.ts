export {
  BroadcastTarget,
  type ConnectedEntry,
  type ConnectionCount,
  type ConnectionList,
  Group,
  OriginUser,
} from "./broadcast-target.ts";
export { connectOrigin } from "./connect-origin.ts";
export { GatewayOrigin } from "./gateway-origin.ts";
export { Origin, type QueryOptions } from "./origin.ts";
export type { OriginOptions } from "./origin-options.ts";
