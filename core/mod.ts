export { nodeOfConnectionId } from "./base/mod.ts";
export type { GuardOptions } from "./connection/mod.ts";
export { CloseCause, type Connection, newConnectionId } from "./connection/mod.ts";
export { Gateway } from "./gateway.ts";
export type { GatewayOptions, GatewayParts, Readiness } from "./gateway-options.ts";
export type { AdmissionOptions, Page } from "./handshake/mod.ts";
