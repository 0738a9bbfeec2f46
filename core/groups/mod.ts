export { Delivery } from "./delivery.ts";
export { FanOut } from "./fan-out.ts";
export type { Group } from "./group.ts";
export { Groups, groupFault, isReserved, userGroup } from "./groups.ts";
export { countOf, membersOf } from "./members.ts";
export { Outcome } from "./outcome.ts";
export { ReusableMessage } from "./outgoing-message.ts";
export { type OutgoingSizes, sizeFault } from "./outgoing-sizes.ts";
