export { Gateway, type GatewayOptions, type GatewayPorts } from "./gateway.ts";
export type { AdmissionOptions, Page, Readiness } from "./handshake/mod.ts";
