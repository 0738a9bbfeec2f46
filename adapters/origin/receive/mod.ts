export { EventReceiver, type NodeListener } from "./event-receiver.ts";
export { ForeignIds, isOwn } from "./foreign-ids.ts";
