export { AddressHandshakes } from "./address-handshakes.ts";
export type { Page } from "./admission.ts";
export { type AuthorizeReply, readAccept, readReject } from "./authorize-reply.ts";
export { HandshakeAuthority } from "./handshake-authority.ts";
export { HandshakeGate, type HandshakeGateOptions } from "./handshake-gate.ts";
export {
  busAway,
  channelAway,
  type Readiness,
  ReadinessWatch,
} from "./readiness.ts";
export { type HandshakeApp, Reservation, Reservations } from "./reservations.ts";
export { Routes } from "./routes.ts";
export { WaitingHandshakes } from "./waiting-handshakes.ts";
