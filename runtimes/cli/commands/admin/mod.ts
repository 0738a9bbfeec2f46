export { close } from "./close.ts";
export { connections } from "./connections.ts";
export { origins } from "./origins.ts";
export { publish } from "./publish.ts";
export { reload } from "./reload.ts";
export { send } from "./send.ts";
export { tail } from "./tail.ts";
export { top } from "./top.ts";
