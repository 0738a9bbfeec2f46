export { Delivery } from "./delivery.ts";
export { FanOut } from "./fan-out.ts";
export { Groups, groupFault } from "./groups.ts";
export type { LocalGroup } from "./local-group.ts";
export { Outcome } from "./outcome.ts";
export { ReusableMessage } from "./outgoing-message.ts";
export { type OutgoingSizes, sizeFault } from "./outgoing-sizes.ts";
