/**
 * The library for application servers. Its rooms, each of which knows only those before it:
 * `base` (public types, checks, limits), `presence` (this origin's, and the nodes'), `send`
 * (commands), `connections` (handles), `dispatch` (handlers and iterators), `receive` (batches of
 * events), `api` (what a program calls).
 */
export { type ErrorCode, ServiceError } from "../../core/base/mod.ts";
export type { MqttTls, MqttVersion } from "../mqtt/link/mod.ts";
export type { OriginOptions } from "./api/mod.ts";
export {
  BroadcastTarget,
  type ConnectedEntry,
  type ConnectionCount,
  type ConnectionList,
  connectOrigin,
  Group,
  Origin,
  OriginUser,
  type QueryOptions,
} from "./api/mod.ts";
export type {
  AliveEvent,
  AssignedEvent,
  Changed,
  ChangeOutcome,
  CloseOptions,
  Connection,
  ConnectionInfo,
  JoinOutcome,
  LeaveOutcome,
  MessageData,
  OpenEvent,
  OriginCloseEvent,
  OriginErrorEvent,
  OriginEvent,
  OriginEvents,
  OriginHandler,
  OriginMessageEvent,
  PublishCounts,
  PublishOptions,
  PublishOutcome,
  PublishReplyOptions,
  ReplyOptions,
  SendOptions,
  SendOutcome,
  Target,
  Targets,
  TraceOptions,
  WaitOptions,
} from "./base/mod.ts";
export {
  type AuthorizeAnswer,
  type AuthorizeHandler,
  type AuthorizeRequest,
  type Grant,
  Rejection,
  reject,
} from "./dispatch/mod.ts";
