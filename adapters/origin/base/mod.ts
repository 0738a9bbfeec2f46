export {
  checkClose,
  checkedData,
  checkedGroup,
  checkHandler,
  checkTimeout,
  checkTrace,
  groupOfUser,
  traceOf,
} from "./arguments.ts";
export { checkedId, idsOf, isConnectionId, packId } from "./connection-ids.ts";
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
export type { OriginIdentity } from "./identity.ts";
export { fromJsonData, fromJsonValue, toJsonValue } from "./json-values.ts";
export { originLimits } from "./origin-limits.ts";
export type {
  Changed,
  ChangeOutcome,
  CloseOptions,
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
  TraceOptions,
  WaitOptions,
} from "./outcomes.ts";
