export { CloseCause, nodeOfConnectionId } from "./base/mod.ts";
export type { GuardOptions } from "./connection/mod.ts";
export { type Connection, newConnectionId } from "./connection/mod.ts";
export { Gateway, type GatewayOptions, type GatewayPorts } from "./gateway.ts";
export type { AdmissionOptions, Page, Readiness } from "./handshake/mod.ts";
