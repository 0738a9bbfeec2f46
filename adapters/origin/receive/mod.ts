export { EventReceiver, type NodeListener } from "./event-receiver.ts";
