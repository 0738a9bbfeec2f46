export type { AdmissionOptions, Page } from "./admission.ts";
export { CloseCause, type Connection } from "./connection.ts";
export type { GuardOptions } from "./connection-guard.ts";
export { newConnectionId, nodeOfConnectionId } from "./connection-id.ts";
export { Gateway } from "./gateway.ts";
export type { GatewayOptions, GatewayParts, Readiness } from "./gateway-parts.ts";
