export type {
  Authorization,
  Authorizer,
  Grant,
  HandshakeCandidate,
} from "./authorizer.ts";
export type { Broadcast } from "./broadcast.ts";
export type { ByteSocket, ByteSocketListener } from "./byte-socket.ts";
export type { Cancel, Clock } from "./clock.ts";
export type { ClusterBus, ClusterBusListener, GroupMessage, NodePresence } from "./cluster-bus.ts";
export type { Codec, CodecOptions, ValueCodec } from "./codec.ts";
export { type CommandDecoder, Target, Verb } from "./command-decoder.ts";
export type { CommandReceiver, CommandSource } from "./command-source.ts";
export type { Deflate } from "./deflate.ts";
export type { EventEncoder } from "./event-encoder.ts";
export { type FrameParser, ParserStep } from "./frame-parser.ts";
export type {
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRefusal,
  HandshakeRequest,
} from "./handshake.ts";
export type { LogFields, Logger, LogLevel } from "./logger.ts";
export type { Counter, Metrics } from "./metrics.ts";
export type {
  EventDestination,
  OriginChannel,
  OriginChannelListener,
  OriginDestination,
  OriginPresence,
} from "./origin-channel.ts";
export type { Random } from "./random.ts";
export { MessageKind, type OutgoingMessage, type Socket } from "./socket.ts";
export type { ConnectionHandle, SocketHandler } from "./socket-handler.ts";
export type { NewMessage, Subprotocol } from "./subprotocol.ts";
