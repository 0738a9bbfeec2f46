export { Access } from "./access.ts";
export type { CommandPort, CommandResult } from "./command-port.ts";
export {
  appOf,
  checkReady,
  type ServiceContext,
  type ServiceDependencies,
  type ServiceEnvironment,
} from "./context.ts";
export { serviceLimits } from "./service-limits.ts";
