export { LeaveWaiter } from "./leave-waiter.ts";
export { NodeTracker } from "./node-tracker.ts";
export { OriginControl } from "./origin-control.ts";
