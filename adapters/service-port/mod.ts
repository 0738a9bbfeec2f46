export { createServiceApp, type RefusedRequest, type ServiceAppOptions } from "./app.ts";
export { parseAccessKeys } from "./aws/mod.ts";
export type { CommandPort, CommandResult } from "./base/mod.ts";
export { LinkCommandPort } from "./link/mod.ts";
