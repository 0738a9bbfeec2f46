export { Access } from "./access.ts";
export { idsOf } from "./command-ids.ts";
export type { CommandPort, CommandResult } from "./command-port.ts";
export {
  appOf,
  checkReady,
  type ServiceContext,
  type ServiceEnvironment,
  type ServicePortDependencies,
} from "./context.ts";
export { Pace } from "./pace.ts";
export { RequestSize } from "./request-size.ts";
export { serviceLimits } from "./service-limits.ts";
export { portFor } from "./traced-port.ts";
