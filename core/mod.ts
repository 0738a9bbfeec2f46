export { Gateway } from "./gateway.ts";
export type { GatewayOptions } from "./gateway-options.ts";
export type { Page } from "./handshake/mod.ts";
