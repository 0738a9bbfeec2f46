export {
  checkClose,
  checkedData,
  checkedId,
  checkHandler,
  checkTimeout,
  isConnectionId,
} from "./check-arguments.ts";
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
export { ForeignIds, isOfNode, isReplyOf } from "./foreign-ids.ts";
export { checkedGroup, everyoneGroup, groupOfUser } from "./group-names.ts";
export { randomName, refuse } from "./names.ts";
export { originLimits } from "./origin-limits.ts";
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
