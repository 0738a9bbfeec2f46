export { LeaveWaiter } from "./leave-waiter.ts";
export { NodeTracker } from "./node-tracker.ts";
export { type Control, controlOf } from "./origin-controls.ts";
