export type { ReloadAnswer } from "../../adapters/admin/mod.ts";
export {
  type AdminPortOptions,
  BrokerBook,
  LinkActions,
  openAdminPort,
  type Reload,
  totalsOf,
} from "./admin/mod.ts";
export { Bridge } from "./bridge.ts";
export { appsOf, sameOriginOnly } from "./gateway-options.ts";
export { registerProcessMetrics, stallOf } from "./monitoring/mod.ts";
export { NodeBroker, type NodeBrokerDependencies } from "./node-broker.ts";
export {
  engineOf,
  type HeldPort,
  type Platform,
  reusePortRefusal,
  workerCommand,
} from "./platform.ts";
export { Service } from "./service.ts";
export type { ServiceDependencies } from "./service-dependencies.ts";
export { ServicePort } from "./service-port.ts";
export { version } from "./version.ts";
