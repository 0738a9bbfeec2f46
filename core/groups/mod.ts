export { Delivery } from "./delivery.ts";
export { FanOut } from "./fan-out.ts";
export type { Group } from "./group.ts";
export { Groups, groupFault } from "./groups.ts";
export { Outcome } from "./outcome.ts";
export { ReusableMessage } from "./outgoing-message.ts";
export { type OutgoingSizes, sizeFault } from "./outgoing-sizes.ts";
