export type { AdminClient } from "./admin-client.ts";
export { adminClientLimits } from "./admin-limits.ts";
export { type AdminOptions, adminClient, adminOptions } from "./admin-options.ts";
export { connectionsTable, detailsOf, originsTable, tailText } from "./format.ts";
export { LiveScreen } from "./live-screen.ts";
export { runAdmin } from "./run-admin.ts";
export { type Reading, ratesOf, readAll, topLines } from "./top-screen.ts";
export type { ConnectionRow, ConnectionsPage, Destination, TailLine } from "./views.ts";
