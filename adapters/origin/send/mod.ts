export { IdOutcomes, isErrorCode } from "./collectors.ts";
export {
  type Change,
  type ChangeDone,
  ConnectionCommands,
  eachTarget,
  idOf,
} from "./connection-commands.ts";
export { GroupOutbox } from "./group-outbox.ts";
export { readJsonBatch } from "./json-batch.ts";
export type { NodeOutbox } from "./node-outbox.ts";
export { type CommandAck, Outbox } from "./outbox.ts";
export { PublishBarrier } from "./publish-barrier.ts";
export { Publisher, type Subject } from "./publisher.ts";
export { Replies } from "./replies.ts";
