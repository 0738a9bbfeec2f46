export type { AdmissionOptions, Page } from "./admission.ts";
export { CloseCause, type Connection } from "./connection.ts";
export { newConnectionId, nodeOfConnectionId } from "./connection-id.ts";
export { Gateway, type GatewayOptions, type GatewayParts, type Readiness } from "./gateway.ts";
