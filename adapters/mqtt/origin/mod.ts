export { type ErrorCode, ServiceError } from "../../../core/base/mod.ts";
export type { MqttVersion } from "../mqtt-link.ts";
export type { MqttTls } from "../mqtt-stream.ts";
export { connectOrigin } from "./connect-origin.ts";
export type {
  AliveEvent,
  Connection,
  ConnectionInfo,
  MessageData,
  OpenEvent,
  OriginCloseEvent,
  OriginErrorEvent,
  OriginEvent,
  OriginEvents,
  OriginHandler,
  OriginMessageEvent,
  ReplyOptions,
  SendOutcome,
} from "./events.ts";
export { Origin, type OriginOptions, type Targets } from "./origin.ts";
