export { Access } from "./access.ts";
export { Bodies } from "./bodies.ts";
export type { CommandPort, CommandResult } from "./command-port.ts";
export {
  appOf,
  checkReady,
  type ServiceContext,
  type ServiceDependencies,
  type ServiceEnvironment,
} from "./context.ts";
export { Refusal, refusalOf } from "./refusal.ts";
export { serviceLimits } from "./service-limits.ts";
