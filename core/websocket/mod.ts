export { answerDeflate } from "./extensions.ts";
export {
  buildFrame,
  closeCodeAllowed,
  closePayload,
  closeReasonBytesMax,
  closeReasonFits,
  frameHeaderBytes,
  frameOfLength,
  noCloseCode,
  Opcode,
  Slab,
} from "./frame.ts";
export { FramedSockets } from "./framed-sockets.ts";
export {
  acceptKeySuffix,
  checkHandshake,
  chooseSubprotocol,
  headersTooLarge,
  refuse,
  upgradeMissing,
} from "./handshake.ts";
export { readProxyHeader } from "./proxy-header.ts";
export { type HeaderLine, type RequestHead, RequestHeadReader } from "./request-head.ts";
export {
  type NewMessage,
  type Subprotocol,
  SubprotocolConnection,
  withSubprotocols,
} from "./subprotocols.ts";
