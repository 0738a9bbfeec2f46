export {
  type Collector,
  IdOutcomes,
  PublishReplies,
  QueryReplies,
} from "./collectors.ts";
export { type Change, type ChangeDone, ConnectionSender } from "./connection-sender.ts";
export { GroupSenders } from "./group-senders.ts";
export type { NodeSender } from "./node-sender.ts";
export { type CommandAck, NodeSenders } from "./node-senders.ts";
export { Publisher, type Subject } from "./publisher.ts";
export { Replies } from "./replies.ts";
export { SendQueue } from "./send-queue.ts";
