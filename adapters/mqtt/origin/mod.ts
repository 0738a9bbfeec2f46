export { type ErrorCode, ServiceError } from "../../../core/base/mod.ts";
export type { MqttVersion } from "../mqtt-link.ts";
export type { MqttTls } from "../mqtt-tls.ts";
export {
  Audience,
  type ConnectedEntry,
  type ConnectionCount,
  type ConnectionList,
  Group,
  OriginUser,
} from "./audience.ts";
export {
  type AuthorizeAnswer,
  type AuthorizeHandler,
  type AuthorizeRequest,
  type Grant,
  Rejection,
  reject,
} from "./authorize.ts";
export { connectOrigin } from "./connect-origin.ts";
export type {
  AliveEvent,
  AssignedEvent,
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
} from "./events.ts";
export { Origin, type QueryOptions } from "./origin.ts";
export type { OriginOptions } from "./origin-options.ts";
export type {
  Changed,
  ChangeOutcome,
  JoinOutcome,
  LeaveOutcome,
  PublishCounts,
  PublishOptions,
  PublishOutcome,
  PublishReplyOptions,
  ReplyOptions,
  SendOptions,
  SendOutcome,
  Target,
  Targets,
  WaitOptions,
} from "./outcomes.ts";
