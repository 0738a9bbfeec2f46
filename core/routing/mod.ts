export { EventRouter, type EventRouterOptions, type RouterDestination } from "./event-router.ts";
