export { EventRouter, type EventRouterOptions } from "./event-router.ts";
