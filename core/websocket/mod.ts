export { answerDeflate } from "./extensions.ts";
export {
  buildFrame,
  closeCodeAllowed,
  closeFrame,
  type FrameShape,
  frameHeaderBytes,
  frameOfLength,
  Opcode,
  readClose,
} from "./frame.ts";
export { FramedSocket, FramedSockets } from "./framed-socket.ts";
export {
  checkHandshake,
  chooseSubprotocol,
  type HandshakeOffer,
  headersTooLarge,
} from "./handshake.ts";
export { type ProxyHeader, readProxyHeader } from "./proxy-header.ts";
export { refuse } from "./refuse.ts";
export type { FramedSocketsOptions } from "./shared-framing.ts";
export { Slab } from "./slab.ts";
export { SubprotocolConnection, SubprotocolHandler } from "./subprotocol-connection.ts";
export { withSubprotocols } from "./subprotocols.ts";
export { type MessageSender, UnfinishedMessages } from "./unfinished-messages.ts";
