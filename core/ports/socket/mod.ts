export type { Broadcast } from "./broadcast.ts";
export type { ByteSocket, ByteSocketListener } from "./byte-socket.ts";
export type { Deflate } from "./deflate.ts";
export type {
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRefusal,
  HandshakeRequest,
  RefusedStream,
} from "./handshake.ts";
export { MessageKind, type OutgoingMessage, type Socket } from "./socket.ts";
export type { ConnectionHandle, SocketHandler } from "./socket-handler.ts";
