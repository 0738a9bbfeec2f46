export type {
  Authorization,
  Authorizer,
  ConnectionGrant,
  HandshakeCandidate,
} from "./authorizer.ts";
export type { Cancel, Clock } from "./clock.ts";
export type { Codec, CodecOptions, EventEncoder, ValueCodec } from "./codec/mod.ts";
export { type CommandDecoder, type FrameParser, NoSlot, ParserStep, Verb } from "./codec/mod.ts";
export type { CommandBus, CommandBusListener, GroupMessage, NodePresence } from "./command-bus.ts";
export type { CommandReceiver, CommandSource } from "./command-source.ts";
export type {
  EventChannel,
  EventChannelListener,
  EventDestination,
  OriginDestination,
  OriginPresence,
} from "./event-channel.ts";
export { histogramBounds } from "./histogram-bounds.ts";
export type { LogFields, Logger, LogLevel } from "./logger.ts";
export type { Counter, Histogram, Metrics } from "./metrics.ts";
export type { Random } from "./random.ts";
export type {
  Broadcast,
  ByteSocket,
  ByteSocketListener,
  ConnectionHandle,
  Deflate,
  HandshakeAdmission,
  HandshakeAnswer,
  HandshakeRefusal,
  HandshakeRequest,
  RefusedStream,
  SocketHandler,
} from "./socket/mod.ts";
export { MessageKind, type OutgoingMessage, type Socket } from "./socket/mod.ts";
export type { Span, SpanAttributes, SpanKind, SpanStart, Tracer } from "./tracing/mod.ts";
