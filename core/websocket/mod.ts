export { answerDeflate } from "./extensions.ts";
export {
  buildFrame,
  closeCodeAllowed,
  closeFrame,
  closeReasonBytesMax,
  closeReasonFits,
  frameHeaderBytes,
  frameOfLength,
  Opcode,
  readClose,
  Slab,
} from "./frame.ts";
export type { FramedSocket } from "./framed-socket.ts";
export { FramedSockets, type FramedSocketsOptions } from "./framed-sockets.ts";
export {
  checkHandshake,
  chooseSubprotocol,
  type HandshakeOffer,
  headersTooLarge,
  refuse,
} from "./handshake.ts";
export { type ProxyHeader, readProxyHeader } from "./proxy-header.ts";
export {
  type NewMessage,
  type Subprotocol,
  SubprotocolConnection,
  withSubprotocols,
} from "./subprotocols.ts";
export { type MessageSender, UnfinishedMessages } from "./unfinished-messages.ts";
