export { type AccessOptions, AdminAccess, permit } from "./access.ts";
export { type AdminApiOptions, createAdminApi } from "./admin-api.ts";
export type { AdminAction, RefusedAdminRequest } from "./admin-context.ts";
export type {
  ActionOutcome,
  AdminActions,
  AdminIdentity,
  AdminMember,
  AdminSource,
  BrokerView,
  CloseRequest,
  NodePresenceView,
  ReloadAnswer,
  Totals,
} from "./admin-source.ts";
export { consoleFile } from "./console-app.ts";
export { overviewCounters } from "./overview.ts";
