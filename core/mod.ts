export { Gateway, type GatewayOptions } from "./gateway.ts";
export type { Page } from "./handshake/mod.ts";
