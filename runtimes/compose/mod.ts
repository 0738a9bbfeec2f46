export { Bridge } from "./bridge.ts";
export { sameOriginOnly } from "./gateway-options.ts";
export { engineOf, type Platform } from "./platform.ts";
export { Service, type ServiceDependencies } from "./service.ts";
export { version } from "./version.ts";
